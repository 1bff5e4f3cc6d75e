#!lua name=ansinh_ledger
-- The commit of commit.h. Every check comes before the first write, because Redis does not roll
-- back. A change of what goes in or comes out is a new VERSION, here and nowhere else: an old
-- service then finds no function instead of a different one.
--
-- Strings and tables made here cost more than arithmetic (and then the collector's time): hence
-- few arguments, locals instead of tables, and packing in one go (I and L: 4 and 8 bytes).
local VERSION = '3'

local ANSWERS_KEPT_S = 4 * 86400 -- ids live 48 hours, on either side of midnight
local EXACT = 2 ^ 53             -- numbers are doubles here: whole and exact below this
local SCHEMA, FROZEN_FLAG = 1, 1
-- Packed totals: schema, flags, 0, epoch; last seq at SEQ; 12 values from VALUES on.
local TOTALS, TOTALS_BYTES = '<BBHILllllllllllll', 112
local EPOCH, SEQ, VALUES = 5, 9, 17
local DELTAS = 3 -- their place in the head, behind the flags and what changes
local ALL = 255  -- what changes: every total; else the number of the only one
local HAS_YESTERDAY, HAS_IDENTITY = 1, 2
local STAMP = 4 -- times the place in the last record's value where the position goes; 12 bytes
local POSITION_BYTES = 12
local REUSED, CONFLICT, FROZEN = 1, 2, 3

-- Looked up at the first call (there are no libraries yet while this loads): as globals they cost
-- several thousand instructions a commit.
local call, read, pack, byte, sub, format, spread
local function look_up()
  call, read, pack, spread = redis.call, struct.unpack, struct.pack, unpack
  byte, sub, format = string.byte, string.sub, string.format
end

-- Stored answers are: epoch u32, seq u64, fingerprint, answer. {stored} for a repetition, REUSED
-- for another body under the same id.
local function known(stored, fingerprint)
  if fingerprint ~= '' and sub(stored, 13, 20) ~= fingerprint then return REUSED end
  return { stored }
end

-- A value starts with its version; the new one is the expected one plus 1, absent counts as 0.
local function is_next(old, new)
  return (old and read('<I', old) or 0) == read('<I', new) - 1
end

-- True when all n records of one hash, from args[at] on, have the expected versions.
local function are_next(key, args, at, n)
  if n == 1 then return is_next(call('HGET', key, args[at]), args[at + 1]) end
  if n == 2 then -- almost every other commit: worth a line without a table
    local old = call('HMGET', key, args[at], args[at + 2])
    return is_next(old[1], args[at + 1]) and is_next(old[2], args[at + 3])
  end
  local fields = {}
  for i = 1, n do fields[i] = args[at + 2 * i - 2] end
  local old = call('HMGET', key, spread(fields))
  for i = 1, n do
    if not is_next(old[i], args[at + 2 * i - 1]) then return false end
  end
  return true
end

-- Epoch and sequence number of the commit and the packed totals after it, which are nil when a sum
-- would not be exact any more.
local function add_one(totals, head, which)
  local epoch, seq = read('<IL', totals, EPOCH)
  seq = seq + 1
  local at = VALUES + 8 * which
  local value = read('<l', totals, at) + read('<l', head, DELTAS)
  if value >= EXACT or value <= -EXACT then return epoch, seq, nil end
  return epoch, seq, sub(totals, 1, SEQ - 1) .. pack('<L', seq) .. sub(totals, VALUES, at - 1) ..
    pack('<l', value) .. sub(totals, at + 8)
end

local function add_all(totals, head)
  local schema, state, zero, epoch, seq, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12 = read(TOTALS, totals)
  local d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11, d12 = read('<llllllllllll', head, DELTAS)
  seq = seq + 1
  t1, t2, t3, t4, t5, t6 = t1 + d1, t2 + d2, t3 + d3, t4 + d4, t5 + d5, t6 + d6
  t7, t8, t9, t10, t11, t12 = t7 + d7, t8 + d8, t9 + d9, t10 + d10, t11 + d11, t12 + d12
  -- the length of the vector bounds every one of them: cheaper than twelve comparisons
  if t1 * t1 + t2 * t2 + t3 * t3 + t4 * t4 + t5 * t5 + t6 * t6 + t7 * t7 + t8 * t8 + t9 * t9 +
    t10 * t10 + t11 * t11 + t12 * t12 >= EXACT * EXACT then
    return epoch, seq, nil
  end
  return epoch, seq, pack(TOTALS, schema, state, zero, epoch, seq, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12)
end

-- keys: answers, totals, journal, [yesterday's answers], [identity], one per group of records
-- args: id, fingerprint with answer, event, head, [identity field, value], field, value, ...
-- head: flags u8, what changes u8, one or all deltas of totals, number of records of each group u8
local function commit(keys, args)
  if not call then look_up() end
  local head = args[4]
  local flags, which = byte(head, 1, 2)
  local k, a = 4, 5
  local stored = call('HGET', keys[1], args[1])
  if flags % 2 == HAS_YESTERDAY then
    stored = stored or call('HGET', keys[k], args[1])
    k = k + 1
  end
  if stored then return known(stored, sub(args[2], 1, 8)) end

  local totals = call('GET', keys[2]) or pack(TOTALS, SCHEMA, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  if #totals ~= TOTALS_BYTES then return redis.error_reply('TOTALS of another length') end
  local schema, state = byte(totals, 1, 2)
  if schema ~= SCHEMA then return redis.error_reply('TOTALS of another schema') end
  if state % 2 == FROZEN_FLAG then return FROZEN end
  local epoch, seq, after
  local groups = DELTAS + 8
  if which == ALL then
    epoch, seq, after = add_all(totals, head)
    groups = DELTAS + 8 * 12
  else
    epoch, seq, after = add_one(totals, head, which)
  end
  if not after then return redis.error_reply('OVERFLOW of a total') end

  local identity
  if flags % STAMP >= HAS_IDENTITY then
    identity = keys[k]
    call('HEXISTS', identity, args[a]) -- fails here, not below, if the key were no hash
    k, a = k + 1, a + 2
  end
  local first_key, first_arg = k, a
  for g = groups, #head do
    local n = byte(head, g)
    if not are_next(keys[k], args, a, n) then return CONFLICT end
    k, a = k + 1, a + 2 * n
  end

  if flags >= STAMP then
    local value, at = args[#args], (flags - flags % STAMP) / STAMP
    args[#args] = sub(value, 1, at) .. pack('<IL', epoch, seq) .. sub(value, at + POSITION_BYTES + 1)
  end

  -- the journal first: Redis itself refuses a position that is not the next
  local position = format('%d-%d', epoch, seq)
  call('XADD', keys[3], position, 'e', args[3])
  if identity then call('HSET', identity, args[5], args[6]) end
  k, a = first_key, first_arg
  for g = groups, #head do
    local n = byte(head, g)
    call('HSET', keys[k], spread(args, a, a + 2 * n - 1))
    k, a = k + 1, a + 2 * n
  end
  call('SET', keys[2], after)
  call('HSET', keys[1], args[1], pack('<ILc0', epoch, seq, args[2]))
  if call('HLEN', keys[1]) == 1 then call('EXPIRE', keys[1], ANSWERS_KEPT_S) end
  return position
end

-- keys: the answers' hashes where the id may be; args: id, fingerprint ('' for any)
local function lookup(keys, args)
  if not call then look_up() end
  for i = 1, #keys do
    local stored = call('HGET', keys[i], args[1])
    if stored then return known(stored, args[2]) end
  end
  return CONFLICT
end

redis.register_function('ansinh_commit_' .. VERSION, commit)
redis.register_function {
  function_name = 'ansinh_lookup_' .. VERSION, callback = lookup, flags = { 'no-writes' },
}
redis.register_function {
  function_name = 'ansinh_ledger_version', callback = function() return VERSION end, flags = { 'no-writes' },
}
