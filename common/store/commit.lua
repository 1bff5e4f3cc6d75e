#!lua name=ansinh_ledger
-- The commit of commit.h. Every check comes before the first write, because Redis does not roll
-- back. A change of what goes in or comes out is a new VERSION, here and nowhere else: an old
-- service then finds no function instead of a different one.
local VERSION = '1'

local ANSWERS_KEPT_S = 4 * 86400 -- ids live 48 hours, on either side of midnight
local EXACT = 2 ^ 53             -- numbers are doubles here: whole and exact below this
local SCHEMA, FROZEN_FLAG = 1, 1
local TOTALS = 12
local DELTAS = '<i8i8i8i8i8i8i8i8i8i8i8i8'
local LAYOUT = '<BBHI4I8i8i8i8i8i8i8i8i8i8i8i8i8'
local LAYOUT_BYTES = 16 + 8 * TOTALS
local HAS_YESTERDAY, HAS_IDENTITY = 1, 2
local REUSED, CONFLICT, FROZEN = 1, 2, 3

-- {stored} for a repetition, REUSED for another body under the same id
local function known(stored, fingerprint)
  if fingerprint ~= '' and string.sub(stored, 1, 8) ~= fingerprint then return REUSED end
  return { stored }
end

-- A value starts with its version; the new one is the expected one plus 1, absent counts as 0.
local function is_next(old, new)
  return (old and struct.unpack('<I4', old) or 0) == struct.unpack('<I4', new) - 1
end

-- True when all n records of one hash, from args[at] on, have the expected versions.
local function are_next(key, args, at, n)
  if n == 1 then return is_next(redis.call('HGET', key, args[at]), args[at + 1]) end
  local fields = {}
  for i = 1, n do fields[i] = args[at + 2 * i - 2] end
  local old = redis.call('HMGET', key, unpack(fields))
  for i = 1, n do
    if not is_next(old[i], args[at + 2 * i - 1]) then return false end
  end
  return true
end

-- keys: answers, totals, journal, [yesterday's answers], [identity], one per group of records
-- args: id, fingerprint, answer, event, deltas, shape, [identity field, value], field, value, ...
-- shape: flags, then the number of records of each group (u8 flags, u16 counts)
local function commit(keys, args)
  local call, read = redis.call, struct.unpack
  local id, fingerprint, shape = args[1], args[2], args[6]
  local flags = string.byte(shape, 1)
  local k, a = 4, 7
  local stored = call('HGET', keys[1], id)
  if flags % 2 == HAS_YESTERDAY then
    stored = stored or call('HGET', keys[k], id)
    k = k + 1
  end
  if stored then return known(stored, fingerprint) end

  local totals = call('GET', keys[2]) or struct.pack(LAYOUT, SCHEMA, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  if #totals ~= LAYOUT_BYTES or string.byte(totals, 1) ~= SCHEMA then return redis.error_reply('TOTALS unreadable') end
  local t, d = { read(LAYOUT, totals) }, { read(DELTAS, args[5]) }
  if t[2] % 2 == FROZEN_FLAG then return FROZEN end
  for i = 1, TOTALS do
    local sum = t[5 + i] + d[i]
    if sum >= EXACT or sum <= -EXACT then return redis.error_reply('OVERFLOW of total ' .. i) end
    t[5 + i] = sum
  end
  local epoch, seq = t[4], t[5] + 1
  t[5] = seq

  local identity
  if flags >= HAS_IDENTITY then
    identity = keys[k]
    call('HEXISTS', identity, args[a]) -- fails here, not below, if the key were no hash
    k, a = k + 1, a + 2
  end
  local first_key, first_arg, n_groups = k, a, (#shape - 1) / 2
  for g = 1, n_groups do
    local n = read('<I2', shape, 2 * g)
    if not are_next(keys[k], args, a, n) then return CONFLICT end
    k, a = k + 1, a + 2 * n
  end

  -- the journal first: Redis itself refuses a position that is not the next
  local position = string.format('%d-%d', epoch, seq)
  call('XADD', keys[3], position, 'e', args[4])
  if identity then call('HSET', identity, args[7], args[8]) end
  k, a = first_key, first_arg
  for g = 1, n_groups do
    local n = read('<I2', shape, 2 * g)
    call('HSET', keys[k], unpack(args, a, a + 2 * n - 1))
    k, a = k + 1, a + 2 * n
  end
  call('SET', keys[2], struct.pack(LAYOUT, unpack(t, 1, 5 + TOTALS)))
  call('HSET', keys[1], id, fingerprint .. struct.pack('<I4I8', epoch, seq) .. args[3])
  if call('HLEN', keys[1]) == 1 then call('EXPIRE', keys[1], ANSWERS_KEPT_S) end
  return position
end

-- keys: the answers' hashes where the id may be; args: id, fingerprint ('' for any)
local function lookup(keys, args)
  for i = 1, #keys do
    local stored = redis.call('HGET', keys[i], args[1])
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
