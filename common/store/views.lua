#!lua name=ansinh_views
-- The registry, leases and flushes of views.h. As in commit.lua, every check comes before the first
-- write, and a change of what goes in, comes out or is promised is a new VERSION.
local VERSION = '3'

local EXACT = 2 ^ 53     -- numbers are doubles here: whole and exact below this
local CHUNK = 1000       -- arguments of one command
local INSTANCES_MAX = 1000
local INCR, SET, PUSH, SCHEDULE, EXPIRE = 1, 2, 3, 4, 5
local TYPES = { [INCR] = 'hash', [SET] = 'hash', [PUSH] = 'list', [SCHEDULE] = 'zset' }
local DONE, FENCED, STALE = 0, 1, 2

-- The epoch that each lease was given in this life of the server: none outlives a restart. What a
-- crash took back may be an epoch whose holder is awake and has since read what a later one wrote.
local given = {}

local function now_us()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000000 + tonumber(t[2])
end

local function whole(number) return string.format('%d', number) end

-- The command on its arguments, some at a time (an even number, so pairs stay together).
local function in_chunks(command, key, args)
  for i = 1, #args, CHUNK do
    redis.call(command, key, unpack(args, i, math.min(i + CHUNK - 1, #args)))
  end
end

-- keys: instances by expiry, their info; args: id ('' for a pure read), info, ttl in ms (0 removes)
local function registry(keys, args)
  local id, ttl = args[1], tonumber(args[3])
  local now = math.floor(now_us() / 1000)
  if id ~= '' and ttl > 0 then
    redis.call('ZADD', keys[1], whole(now + ttl), id)
    redis.call('HSET', keys[2], id, args[2])
  elseif id ~= '' then
    redis.call('ZREM', keys[1], id)
    redis.call('HDEL', keys[2], id)
  end
  local gone = redis.call('ZRANGEBYSCORE', keys[1], '-inf', whole(now), 'LIMIT', 0, INSTANCES_MAX)
  if #gone > 0 then
    redis.call('ZREM', keys[1], unpack(gone))
    redis.call('HDEL', keys[2], unpack(gone))
  end
  local ids = redis.call('ZRANGE', keys[1], 0, INSTANCES_MAX - 1)
  if #ids == 0 then return {} end
  local info, answer = redis.call('HMGET', keys[2], unpack(ids)), {}
  for i = 1, #ids do
    answer[2 * i - 1], answer[2 * i] = ids[i], info[i] or ''
  end
  return answer
end

-- keys: lease; args: 'acquire', owner, ttl | 'renew', epoch, ttl | 'release', epoch, 0
-- answers {epoch or 0, flushes}
local function lease(keys, args)
  local what, who, ttl = args[1], args[2], tonumber(args[3])
  local now = now_us()
  local now_ms = math.floor(now / 1000)
  local h = redis.call('HMGET', keys[1], 'owner', 'epoch', 'until', 'flushes')
  local epoch, till, flushes = tonumber(h[2] or 0), tonumber(h[3] or 0), tonumber(h[4] or 0)
  if what == 'acquire' then
    -- a time further off than any lease reaches is that of a clock which was set back since
    if h[1] and h[1] ~= who and till > now_ms and till <= now_ms + ttl then return { 0, flushes } end
    -- the clock makes an epoch unique even when the last ones were lost in a crash
    epoch = math.max(epoch + 1, now)
    redis.call('HSET', keys[1], 'owner', who, 'epoch', whole(epoch), 'until', whole(now_ms + ttl))
    given[keys[1]] = epoch
    return { epoch, flushes }
  end
  if tonumber(who) ~= epoch or given[keys[1]] ~= epoch then return { 0, flushes } end
  if what == 'release' then
    redis.call('HSET', keys[1], 'epoch', whole(math.max(epoch + 1, now)), 'until', '0')
    given[keys[1]] = nil
    return { 0, flushes }
  end
  redis.call('HSET', keys[1], 'until', whole(now_ms + ttl))
  return { epoch, flushes }
end

-- The operations, sorted by what happens to each key: u8 what, u16 key, then by what
-- INCR: field, i64 | SET: field, value | PUSH: value | SCHEDULE: member, i64 | EXPIRE: i64
-- where field and member have a u16 length, value a u32 length.
local function flush_read(bytes, n_keys)
  local plan = {}
  for i = 1, n_keys do
    plan[i] = { fields = {}, by = {}, [SET] = {}, [PUSH] = {}, [SCHEDULE] = {} }
  end
  local at, what, k, field, value = 1, nil, nil, nil, nil
  while at <= #bytes do
    what, k, at = struct.unpack('<BI2', bytes, at)
    local p = plan[k]
    if what == INCR then
      field, value, at = struct.unpack('<I2c0i8', bytes, at)
      if not p.by[field] then p.fields[#p.fields + 1] = field end
      p.by[field] = (p.by[field] or 0) + value
    elseif what == SET then
      field, value, at = struct.unpack('<I2c0I4c0', bytes, at)
      local set = p[SET]
      set[#set + 1], set[#set + 2] = field, value
    elseif what == PUSH then
      value, at = struct.unpack('<I4c0', bytes, at)
      p[PUSH][#p[PUSH] + 1] = value
    elseif what == SCHEDULE then
      field, value, at = struct.unpack('<I2c0i8', bytes, at)
      local set = p[SCHEDULE]
      set[#set + 1], set[#set + 2] = whole(value), field
    else
      p.expire, at = struct.unpack('<i8', bytes, at)
    end
    local type = TYPES[what]
    if type and p.type and p.type ~= type then return nil end
    p.type = p.type or type
  end
  return plan
end

-- Adds what is stored to the increments; false when a sum is no exact number.
local function sums_add(key, p)
  local fields, sums = p.fields, {}
  for i = 1, #fields, CHUNK do
    local last = math.min(i + CHUNK - 1, #fields)
    local old = redis.call('HMGET', key, unpack(fields, i, last))
    for j = i, last do
      local before = tonumber(old[j - i + 1] or 0)
      local sum = before and before + p.by[fields[j]]
      if not sum or sum >= EXACT or sum <= -EXACT then return false end
      sums[2 * j - 1], sums[2 * j] = fields[j], whole(sum)
    end
  end
  p.sums = sums
  return true
end

-- keys: lease, checkpoint, data ...; args: epoch, flushes, checkpoint (as SET, without what and
-- key), operations; answers {DONE, FENCED or STALE, flushes}
local function flush(keys, args)
  local h = redis.call('HMGET', keys[1], 'epoch', 'flushes')
  local epoch, flushes = tonumber(args[1]), tonumber(h[2] or 0)
  if tonumber(h[1] or 0) ~= epoch or given[keys[1]] ~= epoch then return { FENCED, flushes } end
  if flushes ~= tonumber(args[2]) then return { STALE, flushes } end

  local plan = flush_read(args[4], #keys - 2)
  if not plan then return redis.error_reply('FLUSH a key with two types') end
  for i, p in ipairs(plan) do
    local type = redis.call('TYPE', keys[2 + i]).ok
    if p.type and type ~= 'none' and type ~= p.type then return redis.error_reply('FLUSH a key of another type') end
    if not sums_add(keys[2 + i], p) then return redis.error_reply('FLUSH a sum beyond 2^53, or of no number') end
  end
  local type = redis.call('TYPE', keys[2]).ok
  if type ~= 'none' and type ~= 'hash' then return redis.error_reply('FLUSH a checkpoint that is no hash') end

  local at, checkpoint, field, value = 1, {}, nil, nil
  while at <= #args[3] do
    field, value, at = struct.unpack('<I2c0I4c0', args[3], at)
    checkpoint[#checkpoint + 1], checkpoint[#checkpoint + 2] = field, value
  end
  in_chunks('HSET', keys[2], checkpoint)
  for i, p in ipairs(plan) do
    local key = keys[2 + i]
    in_chunks('HSET', key, p.sums)
    in_chunks('HSET', key, p[SET])
    in_chunks('RPUSH', key, p[PUSH])
    in_chunks('ZADD', key, p[SCHEDULE])
    if p.expire then redis.call('EXPIRE', key, whole(p.expire)) end
  end
  redis.call('HSET', keys[1], 'flushes', whole(flushes + 1))
  return { DONE, flushes + 1 }
end

redis.register_function('ansinh_registry_' .. VERSION, registry)
redis.register_function('ansinh_lease_' .. VERSION, lease)
redis.register_function('ansinh_flush_' .. VERSION, flush)
redis.register_function {
  function_name = 'ansinh_views_version', callback = function() return VERSION end, flags = { 'no-writes' },
}
