import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { DemoFailedError } from './check.ts'

const Counts = z.object({ resources: z.number(), revisions: z.number(), blobs: z.number() })
const Changes = z.object({ new: z.number(), changed: z.number(), same: z.number() })
const Check = z.object({ passed: z.boolean(), checked: z.number(), findings_total: z.number() })

const ExportResult = z.object({
  url: z.string(),
  archive: z.object({ size: z.number() }),
  models: z.record(z.string(), Counts),
  complete: z.boolean(),
})
const DryRunResult = z.object({
  models: z.record(z.string(), Changes.extend({ target_only: z.number() })),
  blobs: Changes,
  findings: z.array(z.object({ model: z.string(), resource_id: z.string() })),
})
const Report = z.object({ passed: z.boolean(), proved: z.boolean(), checks: z.record(z.string(), Check) })
const Job = z.object({
  job_id: z.string(),
  status: z.string(),
  phase: z.string().optional(),
  progress: z.object({ done: z.number(), total: z.number() }).optional(),
  result: z.unknown().optional(),
  error: z.object({ title: z.string(), detail: z.string() }).optional(),
})
const UploadSlot = z.object({
  job_id: z.string(),
  upload: z.object({ method: z.string(), url: z.string(), headers: z.record(z.string(), z.string()) }),
})
const StartedJob = z.object({ job_id: z.string() })

export type Job = z.output<typeof Job>
export type ExportResult = z.output<typeof ExportResult>
export type UploadSlot = z.output<typeof UploadSlot>
export type DryRunResult = z.output<typeof DryRunResult>
export type Report = z.output<typeof Report>

const FINAL_STATUSES = ['succeeded', 'partial', 'failed', 'cancelled', 'expired']
/** The interval between two requests for the state of a job. It keeps the progress bar smooth and the load small. */
const POLL_MS = 250

/** Selects what a restore reads from the archive. By default, it restores everything. */
interface RestoreScope {
  readonly model?: string
  /** Resource ids of the model. By default, and if the list is empty, all resources of the model are restored. */
  readonly ids?: readonly string[]
  readonly dryRun?: boolean
}

/** A client of the API. It uses only HTTP and JSON, and no code of the product. */
export class ApiClient {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** Starts an export of all models. Returns the job id without waiting for the job. */
  async startExport(format: 'acbak' | 'specstar' = 'acbak'): Promise<string> {
    return (await this.#request('POST', '/_backup/export', StartedJob, { wait: 0, format })).job_id
  }

  /** Opens an upload slot. The upload of an archive into this slot starts a restore of all models. */
  async openUploadSlot(): Promise<UploadSlot> {
    return this.#request('POST', '/_backup/import?wait=0', UploadSlot)
  }

  /**
   * Starts a restore of the archive that an export job has created. Existing resources are overwritten. Returns the id
   * of the restore job without waiting for its end.
   */
  async startRestore(exportJob: string, { model, ids = [], dryRun = false }: RestoreScope = {}): Promise<string> {
    const path = model === undefined ? '/_backup/import' : `/${model}/import`
    const query = new URLSearchParams({ wait: '0', on_duplicate: 'overwrite', dry_run: `${dryRun}` })
    for (const id of ids) query.append('ids', id)
    const body = { from: { job_id: exportJob } }
    return (await this.#request('POST', `${path}?${query.toString()}`, StartedJob, body)).job_id
  }

  /**
   * Waits for the end of a job, and calls `onProgress` with each state of the job that it reads. Returns the result of
   * the job. Throws `DemoFailedError` if the job does not succeed.
   */
  async waitForJob(jobId: string, onProgress: (job: Job) => void): Promise<unknown> {
    for (;;) {
      const job = await this.#request('GET', `/_backup/jobs/${jobId}`, Job)
      onProgress(job)
      if (FINAL_STATUSES.includes(job.status)) {
        if (job.status === 'succeeded') return job.result
        throw new DemoFailedError(
          `job ${jobId} ended with the status ${job.status}: ${job.error?.detail ?? 'the job has no error message'}`,
        )
      }
      await sleep(POLL_MS)
    }
  }

  async report(jobId: string): Promise<Report> {
    return this.#request('GET', `/_backup/jobs/${jobId}/report`, Report)
  }

  async #request<T extends z.ZodType>(method: string, path: string, schema: T, body?: object): Promise<z.output<T>> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok)
      throw new DemoFailedError(`${method} ${path} returned status ${response.status}: ${text.slice(0, 500)}`)
    return schema.parse(JSON.parse(text))
  }
}

export const exportResult = (result: unknown): ExportResult => ExportResult.parse(result)
export const dryRunResult = (result: unknown): DryRunResult => DryRunResult.parse(result)
