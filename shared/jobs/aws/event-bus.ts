import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { isCallerFault } from '../caller-fault.ts'
import type { JobEndedEvent, JobEvents } from '../job-events.ts'
import { METRIC } from '../../telemetry/metric-names.ts'
import { addMetric } from '../../telemetry/telemetry.ts'

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

  /** Publishes the events of a job that has ended, and adds the job to the metrics. Throws if an event is rejected. */
  async ended(job: JobEndedEvent): Promise<void> {
    const event = { Source: 'specstar.backup', Detail: JSON.stringify(job) }
    const { FailedEntryCount = 0, Entries = [] } = await this.#client.send(
      new PutEventsCommand({ Entries: detailTypes(job).map((DetailType) => ({ ...event, DetailType })) }),
    )
    if (FailedEntryCount > 0) {
      const failed = Entries.find(({ ErrorCode }) => ErrorCode !== undefined)
      throw new Error(`EventBridge rejected the event of job ${job.job_id}: ${failed?.ErrorCode ?? 'no error code'}`)
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
