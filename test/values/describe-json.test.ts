import { expect, it } from 'vitest'
import { describeJson } from '../../shared/values/describe-json.ts'

it.each([
  ['null', 'null'],
  ['true', 'boolean'],
  ['false', 'boolean'],
  ['-12', 'integer'],
  ['1.5', 'float'],
  ['1e+22', 'float'],
  ['"ä"', 'string of 4 bytes of JSON'],
  ['[1,2]', 'list of 5 bytes of JSON'],
  ['{"a":1}', 'map of 7 bytes of JSON'],
])('describes %s without its value', (json, description) => {
  expect(describeJson(json)).toBe(description)
})
