import * as z from 'zod'
import { Filters } from '../../shared/filters/filters.ts'
import type { CheckJob, ExportJob, RestoreJob } from '../../shared/jobs/job.ts'
import { CheckRequest, ExportRequest, RestoreRequest } from '../../shared/jobs/job-request.ts'

const EXPORT = ExportRequest.unwrap().shape
const RESTORE = RestoreRequest.unwrap().shape
const FILTERS = Filters.unwrap().shape

/** The parameters of an export. The filters are at the top level, as in the query string. */
export const ExportRequestView = z
  .object({ models: EXPORT.models, ...FILTERS, strict: EXPORT.strict, format: EXPORT.format })
  .readonly()
type ExportRequestView = z.output<typeof ExportRequestView>

/** The parameters of a restore. */
export const RestoreRequestView = z
  .object({
    models: RESTORE.models.describe('Absent if the sections of all models in the archive are restored'),
    ...FILTERS,
    on_duplicate: RESTORE.on_duplicate,
    dry_run: RESTORE.dry_run,
    strict: z.boolean(),
    archive: RESTORE.archive.describe('Absent for an upload slot until its archive is uploaded'),
  })
  .readonly()
type RestoreRequestView = z.output<typeof RestoreRequestView>

/** The parameters of a check. */
export const CheckRequestView = z.object({ archive: CheckRequest.unwrap().shape.archive }).readonly()
type CheckRequestView = z.output<typeof CheckRequestView>

export const exportRequestView = ({ request }: ExportJob): ExportRequestView => {
  const { models, filters, strict, format } = request
  return { models, ...filters, strict, format }
}

export const restoreRequestView = ({ request }: RestoreJob): RestoreRequestView => {
  // Jobs of earlier releases have no `strict`, and were strict.
  const { models, filters, on_duplicate, dry_run, strict = true, archive } = request
  return {
    ...(models === undefined ? {} : { models }),
    ...filters,
    on_duplicate,
    dry_run,
    strict,
    ...(archive === undefined ? {} : { archive }),
  }
}

export const checkRequestView = ({ request: { archive } }: CheckJob): CheckRequestView => ({ archive })
