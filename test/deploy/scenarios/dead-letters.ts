import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { receiveMessages } from '../aws/queue.ts'
import type { DeployTest } from '../deploy-test.ts'

const POLL_MS = 1_000

/** Events that no function can handle. */
export const deadLetters = (test: () => DeployTest): void => {
  it('keeps an event that failed in all attempts in the dead-letter queue', async () => {
    const { main } = test()
    const input = { schedule: 'removed', at: '2026-01-01T00:00:00Z' }
    await main.scheduler.runNow('nightly', JSON.stringify(input))
    for (;;) {
      const messages = await receiveMessages(main.requests, `${main.name}-service-DeadLetters`)
      if (messages.length > 0) {
        expect(messages).toMatchObject([
          {
            requestPayload: input,
            requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
            responsePayload: { errorType: 'UnknownScheduleError' },
          },
        ])
        return
      }
      await sleep(POLL_MS)
    }
  })
}
