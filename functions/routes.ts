/** One route of the API. `{name}` in a path is a parameter; a literal segment goes before a parameter. */
export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** The route's own name: of its function on AWS, and in logs. */
  readonly name: string
  /** The file in `functions/` whose export `handler` answers. */
  readonly file: string
}

/** The one table of routes: CDK makes the API of it, the local gateway its router. */
export const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/{model}/export', name: 'export-model', file: 'http/export-model.ts' },
  { method: 'POST', path: '/{model}/export', name: 'export-model', file: 'http/export-model.ts' },
  { method: 'GET', path: '/_backup/export', name: 'export-all', file: 'http/export-all.ts' },
  { method: 'POST', path: '/_backup/export', name: 'export-all', file: 'http/export-all.ts' },
  { method: 'POST', path: '/{model}/import', name: 'import-model', file: 'http/import-model.ts' },
  { method: 'POST', path: '/_backup/import', name: 'import-all', file: 'http/import-all.ts' },
  { method: 'GET', path: '/_backup/jobs', name: 'list-jobs', file: 'http/list-jobs.ts' },
  { method: 'GET', path: '/_backup/jobs/{job_id}', name: 'get-job', file: 'http/get-job.ts' },
  { method: 'GET', path: '/_backup/jobs/{job_id}/report', name: 'get-report', file: 'http/get-report.ts' },
  { method: 'GET', path: '/_backup/jobs/{job_id}/archive', name: 'get-archive', file: 'http/get-archive.ts' },
  { method: 'POST', path: '/_backup/jobs/{job_id}/cancel', name: 'cancel-job', file: 'http/cancel-job.ts' },
]

/** Answers what no route takes: 404, or 405 where the path takes other methods (`$default` on AWS). */
export const DEFAULT_ROUTE = { name: 'not-found', file: 'http/not-found.ts' } as const
