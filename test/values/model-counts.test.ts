import { expect, it } from 'vitest'
import { addCount, countOf } from '../../shared/values/model-counts.ts'

it.each(['city', 'constructor', 'toString', 'hasOwnProperty'])('counts of a model named %s start at zero', (model) => {
  const counts: Record<string, number> = {}
  expect(countOf(counts, model)).toBe(0)
  addCount(counts, model)
  addCount(counts, model, 2)
  expect(countOf(counts, model)).toBe(3)
  expect(counts).toEqual({ [model]: 3 })
})
