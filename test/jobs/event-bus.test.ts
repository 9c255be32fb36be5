import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EventBridgePublisher } from '../../shared/jobs/aws/event-bus.ts'
import type { JobEndedEvent } from '../../shared/jobs/job-events.ts'
import { withCallBudget } from '../../shared/throttling/call-context.ts'
import { fakeService } from '../throttling/fake-service.ts'
import { VirtualClock } from '../throttling/virtual-clock.ts'

let clock: VirtualClock
beforeEach(() => {
  clock = VirtualClock.install()
})
afterEach(() => {
  clock.uninstall()
})

const JOB: JobEndedEvent = {
  deployment: 'specstar',
  job_id: 'j',
  kind: 'export',
  status: 'succeeded',
  source: 'api',
  requested_by: 'alice',
  created_at: '2026-03-05T10:00:00.000Z',
}

/** Publishes the end of a job. The first responses have these error codes, and all others have none. */
const publish = async (...codes: readonly string[]): Promise<number> => {
  const client = new EventBridgeClient({
    region: 'eu-west-1',
    endpoint: 'http://localhost:1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  })
  const service = fakeService(client, (n) => {
    const ErrorCode = codes[n - 1]
    const body =
      ErrorCode === undefined
        ? { FailedEntryCount: 0, Entries: [{ EventId: '1' }] }
        : { FailedEntryCount: 1, Entries: [{ ErrorCode, ErrorMessage: 'm' }] }
    return { status: 200, body: JSON.stringify(body) }
  })
  const publisher = new EventBridgePublisher(client, 'archives')
  await clock.run(withCallBudget({ ms: 60_000 }, () => publisher.ended(JOB)))
  return service.attempts
}

describe('the event of a job that has ended', () => {
  it('is sent again if EventBridge throttles it', async () => {
    expect(await publish('ThrottlingException', 'ThrottlingException')).toBe(3)
  })

  it('causes an error if EventBridge rejects it', async () => {
    await expect(publish('NotAuthorizedForSourceException')).rejects.toThrow(
      'EventBridge rejected the event of job j: NotAuthorizedForSourceException',
    )
  })
})
