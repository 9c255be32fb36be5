import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { isCallerFault } from '../caller-fault.ts'
import type { JobEndedEvent, JobEvents } from '../job-events.ts'
import { METRIC } from '../../telemetry/metric-names.ts'
import { addMetric } from '../../telemetry/telemetry.ts'
import { UnprocessedBackoff } from '../../throttling/unprocessed.ts'

/** The code of an event that EventBridge rejects because of the rate, in a response with status 200. */
const THROTTLED_CODE = 'ThrottlingException'

const METRIC_OF: Readonly<Partial<Record<JobEndedEvent['status'], string>>> = {
  succeeded: METRIC.succeeded,
  partial: METRIC.partial,
  failed: METRIC.failed,
  cancelled: METRIC.cancelled,
}

/** Publishes the end of jobs on the account's default EventBridge bus, and adds the jobs to the metrics. */
export class EventBridgePublisher implements JobEvents {
  readonly #client: EventBridgeClient
  readonly #archiveBucket: string

  /** `archiveBucket` is the bucket in which the deployment writes its archives. */
  constructor(client: EventBridgeClient, archiveBucket: string) {
    this.#client = client
    this.#archiveBucket = archiveBucket
  }

  /**
   * Publishes the events of a job that has ended, and adds the job to the metrics. Events that EventBridge throttles
   * are sent again. Throws if an event is rejected for another reason.
   */
  async ended(job: JobEndedEvent): Promise<void> {
    const event = { Source: 'specstar.backup', Detail: JSON.stringify(job) }
    const backoff = new UnprocessedBackoff({ service: 'EventBridge', operation: 'PutEvents' })
    for (let left = detailTypes(job); left.length > 0;) {
      const { FailedEntryCount = 0, Entries = [] } = await this.#client.send(
        new PutEventsCommand({ Entries: left.map((DetailType) => ({ ...event, DetailType })) }),
      )
      const throttled = left.filter((_, k) => Entries[k]?.ErrorCode === THROTTLED_CODE)
      if (FailedEntryCount > throttled.length) {
        const failed = Entries.find(({ ErrorCode }) => ErrorCode !== undefined && ErrorCode !== THROTTLED_CODE)
        throw new Error(`EventBridge rejected the event of job ${job.job_id}: ${failed?.ErrorCode ?? 'no error code'}`)
      }
      if (throttled.length > 0) await backoff.next(throttled.length < left.length)
      left = throttled
    }
    count(job, this.#archiveBucket)
  }
}

/** Returns the detail types of the events of a job, for example `Export Succeeded` and `Export Suspicious`. */
const detailTypes = ({ kind, status, suspicious }: JobEndedEvent): string[] => [
  `${capital(kind)} ${capital(status)}`,
  ...(suspicious === undefined ? [] : ['Export Suspicious']),
]

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

const count = (job: JobEndedEvent, archiveBucket: string): void => {
  const { kind, status, source, suspicious, error } = job
  const metric = isCallerFault(job, archiveBucket) ? METRIC.rejected : METRIC_OF[status]
  if (metric !== undefined) addMetric(metric, 1, { kind })
  if (status === 'partial' && source === 'schedule') addMetric(METRIC.scheduleIncomplete, 1)
  if (suspicious !== undefined) addMetric(METRIC.scheduleSuspicious, 1)
  if (error?.type === 'verification-failed') addMetric(METRIC.verificationFailed, 1)
}
