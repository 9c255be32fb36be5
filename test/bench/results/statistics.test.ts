import { describe, expect, it } from 'vitest'
import { speedRatio, summaryOf, sumOfRounds } from './statistics.ts'

describe('the summary of a measurement', () => {
  it('contains the middle value of an odd number of rounds, whatever their order', () => {
    expect(summaryOf([9, 1, 2])).toEqual({ median: 2, min: 1, max: 9 })
  })

  it('contains the mean of the two middle values of an even number of rounds', () => {
    expect(summaryOf([1, 10, 2, 4]).median).toBe(3)
  })

  it('is rejected if there are no rounds', () => {
    expect(() => summaryOf([])).toThrow(RangeError)
  })
})

describe('the sum of several measurements', () => {
  it('is computed for each round', () => {
    expect(
      sumOfRounds([
        [1, 2],
        [10, 20],
      ]),
    ).toEqual([11, 22])
  })

  it('leaves out the rounds that one measurement lacks', () => {
    expect(sumOfRounds([[1, 2, 3], [10]])).toEqual([11])
  })
})

describe('the speed of the product relative to another program', () => {
  it('is 0.5 if the product needs twice the time', () => {
    expect(speedRatio([2, 4, 6], [1, 2, 3])).toBe(0.5)
  })

  it('is the median of the ratios of the rounds, and not the ratio of the medians', () => {
    // In the second round, the machine was slow for both.
    expect(speedRatio([1, 100, 2], [2, 50, 2])).toBe(1)
  })

  it('is the ratio of the medians if the other program ran in fewer rounds', () => {
    expect(speedRatio([1, 2, 3], [6])).toBe(3)
  })
})
