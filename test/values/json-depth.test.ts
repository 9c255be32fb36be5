import { describe, expect, it } from 'vitest'
import { isDeeperThan, isValueDeeperThan } from '../../shared/values/json-depth.ts'

describe('isDeeperThan', () => {
  it.each<[string, number]>([
    ['', 0],
    ['1', 0],
    ['[]', 1],
    ['{}', 1],
    ['[[],[]]', 2],
    ['{"a":{},"b":[]}', 2],
    ['[{"a":[1]}]', 3],
    ['"[[["', 0],
    ['["[[[\\"[["]', 1],
    ['["\\\\",[]]', 2],
    ['["\\\\\\"[",{}]', 2],
    ['["[[', 1],
    ['["\\', 1],
  ])('counts the levels of %s as %d', (json, levels) => {
    expect(isDeeperThan(Buffer.from(json), levels)).toBe(false)
    if (levels > 0) expect(isDeeperThan(Buffer.from(json), levels - 1)).toBe(true)
  })
})

describe('isValueDeeperThan', () => {
  it.each<[string, unknown, number]>([
    ['no level in a number', 1, 0],
    ['no level in null', null, 0],
    ['no level in undefined', undefined, 0],
    ['no level in a string', '[[', 0],
    ['no level in bytes', Uint8Array.of(1, 2), 0],
    ['one level in an empty list', [], 1],
    ['one level in an empty map', {}, 1],
    ['one level in a list of values that are no lists', [1, null, 'x', Uint8Array.of(1)], 1],
    ['the levels of the deepest element', [[], { a: [{}] }, 1], 4],
    ['the levels of the first element if it is the deepest', [[[[]]], []], 4],
  ])('counts %s', (_, value, levels) => {
    expect(isValueDeeperThan(value, levels)).toBe(false)
    if (levels > 0) expect(isValueDeeperThan(value, levels - 1)).toBe(true)
  })

  it('counts more levels than the call stack allows', () => {
    let value: unknown = []
    for (let k = 1; k < 50_000; k++) value = [value]
    expect(isValueDeeperThan(value, 50_000)).toBe(false)
    expect(isValueDeeperThan(value, 49_999)).toBe(true)
  })
})
