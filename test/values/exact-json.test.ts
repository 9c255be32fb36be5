import { expect, it } from 'vitest'
import { exactNumbers } from '../../shared/values/exact-json.ts'

it('integers of JSON are parsed as bigint and all other values as usual', () => {
  expect(JSON.parse('[-1,9007199254740993,1.0,1e3,"1",0,null,{"a":12}]', exactNumbers)).toEqual([
    -1n,
    9007199254740993n,
    1,
    1000,
    '1',
    0n,
    null,
    { a: 12n },
  ])
  // A runtime that passes no source text.
  expect(exactNumbers('', 1, {})).toBe(1)
})
