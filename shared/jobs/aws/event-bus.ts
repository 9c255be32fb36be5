import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { isCallerFault } from '../caller-fault.ts'
import type { JobEndedEvent, JobEvents } from '../job-events.ts'
import { addMetric, METRIC } from '../../telemetry/telemetry.ts'

const METRIC_OF: Readonly<Partial<Record<JobEndedEvent['status'], string>>> = {
  succeeded: METRIC.succeeded,
  partial: METRIC.partial,
  failed: METRIC.failed,
  cancelled: METRIC.cancelled,
}

/** Publishes the end of jobs on the account's default EventBridge bus, and counts them as metrics. */
export class EventBridgePublisher implements JobEvents {
  readonly #client: EventBridgeClient
  readonly #archiveBucket: string

  /** `archiveBucket` is the bucket in which the deployment writes its archives. */
  constructor(client: EventBridgeClient, archiveBucket: string) {
    this.#client = client
    this.#archiveBucket = archiveBucket
  }

  /** Publishes the event and counts it. Throws if EventBridge rejects the event. */
  async ended(job: JobEndedEvent): Promise<void> {
    const { FailedEntryCount = 0, Entries = [] } = await this.#client.send(
      new PutEventsCommand({
        Entries: [{ Source: 'specstar.backup', DetailType: detailType(job), Detail: JSON.stringify(job) }],
      }),
    )
    if (FailedEntryCount > 0)
      throw new Error(
        `EventBridge rejected the event of job ${job.job_id}: ${Entries[0]?.ErrorCode ?? 'no error code'}`,
      )
    count(job, this.#archiveBucket)
  }
}

/** Returns the detail type of the event, for example `Export Succeeded`. */
const detailType = ({ kind, status }: JobEndedEvent): string => `${capital(kind)} ${capital(status)}`

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

const count = (job: JobEndedEvent, archiveBucket: string): void => {
  const { kind, status, source, error } = job
  const metric = isCallerFault(job, archiveBucket) ? METRIC.rejected : METRIC_OF[status]
  if (metric !== undefined) addMetric(metric, 1, { kind })
  if (status === 'partial' && source === 'schedule') addMetric(METRIC.scheduleIncomplete, 1)
  if (error?.type === 'verification-failed') addMetric(METRIC.verificationFailed, 1)
}
