import * as z from 'zod'
import { ExportCounts } from './export-result.ts'
import { ListedBlobs, ListedResources } from './job-lists.ts'

/** The result of a job that checks an archive. */
export const CheckJobResult = z
  .object({
    /** The numbers of resources, revisions and blobs in the archive. */
    models: z.record(z.string(), ExportCounts).readonly(),
    /** The size of the archive. Every byte of it was read. */
    bytes: z.int(),
    verification: z.object({ passed: z.boolean(), checks: z.record(z.string(), z.unknown()).readonly() }).readonly(),
    /** The blobs that the archive does not contain, although its resources refer to them. */
    missing_blobs: ListedBlobs,
    /** The resources that the export left out. Absent if no resource was left out. */
    left_out: z.exactOptional(ListedResources),
    /** The location of the whole report. */
    report: z.object({ bucket: z.string(), key: z.string() }).readonly(),
  })
  .readonly()
export type CheckJobResult = z.output<typeof CheckJobResult>
