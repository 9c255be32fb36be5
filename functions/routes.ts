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
  { method: 'GET', path: '/{model}/export', name: 'export-model', file: 'routes/export-model.ts' },
  { method: 'POST', path: '/{model}/export', name: 'export-model', file: 'routes/export-model.ts' },
  { method: 'GET', path: '/_backup/export', name: 'export-all', file: 'routes/export-all.ts' },
  { method: 'POST', path: '/_backup/export', name: 'export-all', file: 'routes/export-all.ts' },
  { method: 'POST', path: '/{model}/import', name: 'import-model', file: 'routes/import-model.ts' },
  { method: 'POST', path: '/_backup/import', name: 'import-all', file: 'routes/import-all.ts' },
  { method: 'GET', path: '/_backup/jobs', name: 'list-jobs', file: 'routes/list-jobs.ts' },
  { method: 'GET', path: '/_backup/jobs/{job_id}', name: 'get-job', file: 'routes/get-job.ts' },
  { method: 'GET', path: '/_backup/jobs/{job_id}/report', name: 'get-report', file: 'routes/get-report.ts' },
  { method: 'GET', path: '/_backup/jobs/{job_id}/archive', name: 'get-archive', file: 'routes/get-archive.ts' },
  { method: 'POST', path: '/_backup/jobs/{job_id}/cancel', name: 'cancel-job', file: 'routes/cancel-job.ts' },
]

/** Answers what no route takes: 404, or 405 where the path takes other methods (`$default` on AWS). */
export const DEFAULT_ROUTE = { name: 'not-found', file: 'routes/not-found.ts' } as const
