import { describe, expect, it } from 'vitest'
import { isDeeperThan } from '../../shared/values/json-depth.ts'

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
