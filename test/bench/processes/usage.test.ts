import { describe, expect, it } from 'vitest'
import { parseCpuSeconds } from './usage.ts'

describe('the CPU time in /proc/{pid}/stat', () => {
  it('is the sum of the user and the system time, in hundredths of a second', () => {
    expect(parseCpuSeconds('42 (node) S 1 42 42 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 11 0 100 1 2')).toBe(3)
  })

  it('is found behind a name that contains spaces and parentheses', () => {
    expect(parseCpuSeconds('42 (a) b (c)) S 1 42 42 0 -1 4194560 900 0 0 0 100 1 0 0 20 0 11 0 100 1 2')).toBe(1.01)
  })

  it('is undefined if the process has exited', () => {
    expect(parseCpuSeconds('')).toBeUndefined()
  })
})
