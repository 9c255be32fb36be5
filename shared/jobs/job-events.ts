import type { SuspiciousArchive } from './export-result.ts'
import type { Job } from './job.ts'

/** The event that reports the end of a job. It never contains payloads or URLs. */
export interface JobEndedEvent {
  readonly deployment: string
  readonly job_id: string
  readonly kind: Job['kind']
  readonly status: Job['status']
  readonly source: Job['source']
  readonly schedule?: { readonly name: string; readonly at: string }
  readonly requested_by: string
  readonly created_at: string
  readonly ended_at?: string
  readonly dry_run?: boolean
  readonly archive?: { readonly bucket: string; readonly key: string; readonly version_id?: string }
  /** Present if the archive of a scheduled export is suspicious and no caller has confirmed or rejected it. */
  readonly suspicious?: Pick<SuspiciousArchive, 'resources' | 'findings'>
  readonly error?: { readonly type: string; readonly title: string }
}

/** Publishes an event when a job ends. The same event may be published more than once. */
export interface JobEvents {
  ended(job: JobEndedEvent): Promise<void>
}

export const jobEndedEvent = (deployment: string, job: Job): JobEndedEvent => {
  const { job_id, kind, status, source, requested_by, created_at, ended_at, error } = job
  const archive = job.kind === 'export' ? job.result?.archive : job.request.archive
  const schedule = job.kind === 'export' ? job.request.schedule : undefined
  const suspicious = job.kind === 'export' ? job.result?.suspicious : undefined
  return {
    deployment,
    job_id,
    kind,
    status,
    source,
    ...(schedule === undefined ? {} : { schedule: { name: schedule.name, at: schedule.at } }),
    requested_by,
    created_at,
    ...(ended_at === undefined ? {} : { ended_at }),
    ...(job.kind === 'restore' ? { dry_run: job.request.dry_run } : {}),
    ...(archive === undefined
      ? {}
      : {
          archive: {
            bucket: archive.bucket,
            key: archive.key,
            ...(archive.version_id === undefined ? {} : { version_id: archive.version_id }),
          },
        }),
    ...(suspicious === undefined || suspicious.decision !== undefined
      ? {}
      : { suspicious: { resources: suspicious.resources, findings: suspicious.findings } }),
    ...(error === undefined ? {} : { error: { type: error.type, title: error.title } }),
  }
}
