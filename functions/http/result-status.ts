import type { CheckJob, ExportJob } from '../../shared/jobs/job.ts'

/** The statuses of exports and checks that have a result. */
export const RESULT_STATUSES = ['succeeded', 'partial'] as const

/** Returns the status of an export or check that has a result. It received both together. */
export const resultStatus = ({ status }: Pick<ExportJob | CheckJob, 'status'>): (typeof RESULT_STATUSES)[number] =>
  status === 'partial' ? 'partial' : 'succeeded'
