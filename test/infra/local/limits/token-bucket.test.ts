import { describe, expect, it } from 'vitest'
import { TokenBucket } from '../../../../infra/local/limits/token-bucket.ts'

const perSecond = (unitsPerSecond: number, creditSeconds = 1): TokenBucket =>
  new TokenBucket({ unitsPerSecond, creditSeconds }, 0)

describe('a token bucket', () => {
  it('begins with the units of one second', () => {
    const bucket = perSecond(10, 300)
    for (let n = 0; n < 10; n++) {
      expect(bucket.admits(0)).toBe(true)
      bucket.take(1)
    }
    expect(bucket.admits(0)).toBe(false)
  })

  it('offers units at its rate', () => {
    const bucket = perSecond(10)
    bucket.take(10)
    expect(bucket.admits(0)).toBe(false)
    expect(bucket.admits(0.1)).toBe(true)
    bucket.take(1)
    expect(bucket.admits(0.1)).toBe(false)
  })

  it('admits a request that is larger than its units, and then refuses requests until the debt is paid', () => {
    const bucket = perSecond(10)
    expect(bucket.admits(0)).toBe(true)
    bucket.take(40)
    expect(bucket.admits(2.9)).toBe(false)
    expect(bucket.admits(3.1)).toBe(true)
  })

  it('keeps unused units only for its credit', () => {
    const oneSecond = perSecond(10)
    expect(oneSecond.admits(1000)).toBe(true)
    oneSecond.take(10)
    expect(oneSecond.admits(1000)).toBe(false)

    const fiveMinutes = perSecond(10, 300)
    expect(fiveMinutes.admits(1000)).toBe(true)
    fiveMinutes.take(2999)
    expect(fiveMinutes.admits(1000)).toBe(true)
    fiveMinutes.take(1)
    expect(fiveMinutes.admits(1000)).toBe(false)
  })

  it('accepts units back', () => {
    const bucket = perSecond(10)
    bucket.take(100)
    bucket.take(-95)
    expect(bucket.admits(0)).toBe(true)
    expect(bucket.usage().used).toBe(5)
  })

  it('measures what it offered and what was used from the first refused request to the last', () => {
    const bucket = perSecond(10)
    bucket.take(10)
    bucket.refuse(0)
    expect(bucket.admits(1)).toBe(true)
    bucket.take(10)
    // The units of one second are lost, because a bucket without credit contains only 10 units.
    expect(bucket.admits(3)).toBe(true)
    bucket.take(10)
    bucket.refuse(3)
    bucket.take(7)
    expect(bucket.usage()).toEqual({ used: 37, refused: 2, throttled: { seconds: 3, offered: 30, used: 20 } })
  })

  it('counts a debt as used when it is paid', () => {
    const bucket = perSecond(10)
    bucket.take(40)
    bucket.refuse(0)
    bucket.refuse(2)
    expect(bucket.usage()).toEqual({ used: 40, refused: 2, throttled: { seconds: 2, offered: 20, used: 20 } })
    expect(bucket.admits(4)).toBe(true)
    bucket.take(25)
    bucket.refuse(4)
    expect(bucket.usage().throttled).toEqual({ seconds: 4, offered: 40, used: 40 })
  })

  it('begins a new measurement without changing its units', () => {
    const bucket = perSecond(10)
    bucket.take(15)
    bucket.refuse(0)
    bucket.restartUsage()
    expect(bucket.usage()).toEqual({ used: 0, refused: 0, throttled: { seconds: 0, offered: 0, used: 0 } })
    expect(bucket.admits(0.4)).toBe(false)
    expect(bucket.admits(0.6)).toBe(true)
  })
})
