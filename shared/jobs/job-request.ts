import * as z from 'zod'
import { Filters } from '../filters/filters.ts'

/** The options of an export. */
export const ExportRequest = z
  .object({
    /** The models to export, sorted. */
    models: z.array(z.string()).readonly(),
    /** Present if the request used the route of one model. */
    route_model: z.exactOptional(z.string()),
    /** The schedule that requested the export, the due time, and the `min_ratio` of the schedule, if it has one. */
    schedule: z.exactOptional(
      z.object({ name: z.string(), at: z.string(), min_ratio: z.exactOptional(z.number()) }).readonly(),
    ),
    filters: Filters,
    strict: z.boolean(),
    format: z.enum(['acbak', 'specstar']),
  })
  .readonly()
export type ExportRequest = z.output<typeof ExportRequest>

export const STRATEGIES = ['overwrite', 'skip', 'raise_error'] as const
export type Strategy = (typeof STRATEGIES)[number]

const ArchiveLocation = z
  .object({
    bucket: z.string(),
    key: z.string(),
    version_id: z.exactOptional(z.string()),
    etag: z.exactOptional(z.string()),
  })
  .readonly()
export type ArchiveLocation = z.output<typeof ArchiveLocation>

/** The options of a restore. */
export const RestoreRequest = z
  .object({
    /** Absent if the sections of all models in the archive are restored. */
    models: z.exactOptional(z.array(z.string()).readonly()),
    route_model: z.exactOptional(z.string()),
    filters: Filters,
    on_duplicate: z.enum(STRATEGIES),
    dry_run: z.boolean(),
    /** False if resources that cannot be restored are left out. Absent means true. */
    strict: z.exactOptional(z.boolean()),
    /** Absent for an upload slot until its archive is uploaded. */
    archive: z.exactOptional(ArchiveLocation),
    /** Present if an upload started the restore. The report is then also written to `{key}.report.json`. */
    report_beside: z.exactOptional(z.object({ bucket: z.string(), key: z.string() }).readonly()),
  })
  .readonly()
export type RestoreRequest = z.output<typeof RestoreRequest>

/** The options of a check. */
export const CheckRequest = z
  .object({
    /** Always empty, because a check reads the whole archive. The requests of all jobs have this member. */
    filters: Filters,
    archive: ArchiveLocation,
  })
  .readonly()
export type CheckRequest = z.output<typeof CheckRequest>
