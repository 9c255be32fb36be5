import { describe, expect, it } from 'vitest'
import { isBlank } from '../../shared/values/python-whitespace.ts'

describe('a blank id', () => {
  it.each(['', ' ', '\t\u001c\u0085\u00a0\u2028\u3000'])('is %j, as in Python', (id) => {
    expect(isBlank(id)).toBe(true)
  })

  it.each(['\ufeff', '\u200b', ' a ', '\u180e'])('is not %j, as in Python', (id) => {
    expect(isBlank(id)).toBe(false)
  })
})
