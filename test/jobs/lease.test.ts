import { describe, expect, it } from 'vitest'
import { Lease, LEASE_MS } from '../../shared/jobs/lease.ts'
import { callContext, withCallBudget } from '../../shared/throttling/call-context.ts'

const MINUTE = 60_000

/** A lease that expires three minutes after the start of the clock, and the calls that renew it. */
const openLease = (renew: (call: number) => Promise<boolean>) => {
  const time = { now: 0 }
  const renewals: { readonly expires: number; readonly mayWaitMs: number }[] = []
  const lease = new Lease(
    ['guild'],
    'job',
    {
      read: () => Promise.resolve({ holder: 'job', epoch: 1, expires: LEASE_MS, draining: false }),
      renew: (_model, _epoch, expires) => {
        renewals.push({ expires, mayWaitMs: callContext().perCallMs })
        return renew(renewals.length)
      },
      free: () => Promise.resolve(),
      drain: () => Promise.resolve(),
    },
    () => new Date(time.now),
  )
  return { lease, time, renewals }
}

describe('a throttled renewal of a lease', () => {
  it('delays writes by at most two seconds while the lease is valid, and is tried again by the next check', async () => {
    const { lease, time, renewals } = openLease((call) =>
      call < 3 ? Promise.reject(new Error('throttled')) : Promise.resolve(true),
    )
    await withCallBudget({ ms: 15 * MINUTE }, async () => {
      await lease.check()
      time.now = 2 * MINUTE
      for (let check = 0; check < 3; check++) await lease.check()
    })
    expect(renewals.map(({ mayWaitMs }) => mayWaitMs)).toEqual([2_000, 2_000, 2_000])
  })

  it('may use the whole budget if the lease permits no more writes, and does not lose the lease', async () => {
    const { lease, time, renewals } = openLease((call) => {
      // The first renewal is throttled for five minutes.
      if (call === 1) time.now += 5 * MINUTE
      return Promise.resolve(true)
    })
    await withCallBudget({ ms: 15 * MINUTE }, async () => {
      await lease.check()
      time.now = LEASE_MS - 10_000
      await lease.check()
    })
    const again = LEASE_MS - 10_000 + 5 * MINUTE + LEASE_MS
    expect(renewals).toEqual([
      { expires: LEASE_MS - 10_000 + LEASE_MS, mayWaitMs: Infinity },
      { expires: again, mayWaitMs: Infinity },
    ])
  })

  it('is sent again if it took effect, but its response came after the new expiry', async () => {
    const { lease, time, renewals } = openLease((call) => {
      if (call > 1) return Promise.resolve(true)
      // The client repeats the request, and the repeated request finds the expiry that the first request has stored.
      time.now += 5 * MINUTE
      return Promise.resolve(false)
    })
    await withCallBudget({ ms: 15 * MINUTE }, async () => {
      await lease.check()
      time.now = LEASE_MS - 10_000
      await lease.check()
    })
    expect(renewals.map(({ expires }) => expires)).toEqual([
      LEASE_MS - 10_000 + LEASE_MS,
      LEASE_MS - 10_000 + 5 * MINUTE + LEASE_MS,
    ])
  })
})
