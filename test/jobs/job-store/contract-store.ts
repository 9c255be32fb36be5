import type { ExportJob } from '../../../shared/jobs/job.ts'
import { JobStore } from '../../../shared/jobs/aws/job-store.ts'
import { must } from '../../../shared/values/must.ts'
import type { TestServers } from '../../services.ts'

/** The job store that a contract tests, and its clock. */
export class ContractStore {
  now = new Date()
  #servers: TestServers | undefined
  #jobs: JobStore | undefined
  #made = 0

  connect(servers: TestServers): void {
    this.#servers = servers
    this.#jobs = this.open(servers.dynamo)
  }

  get servers(): TestServers {
    return must(this.#servers)
  }

  get jobs(): JobStore {
    return must(this.#jobs)
  }

  /** Opens the store with another client, for example with one that fails. */
  open(dynamo: TestServers['dynamo']): JobStore {
    return new JobStore(dynamo, this.servers.config.tables.jobs, () => this.now)
  }

  /** Returns a new job, which is not stored yet. */
  job(more: Partial<ExportJob> = {}): ExportJob {
    return {
      job_id: `job-${++this.#made}`,
      kind: 'export',
      status: 'queued',
      source: 'api',
      requested_by: 'alice',
      created_at: this.now.toISOString(),
      request: { models: ['country'], filters: { ids: ['a'] }, strict: true, format: 'acbak' },
      ...more,
    }
  }
}
