import { z } from 'zod'
import type { WorkFile } from '../../jobs/work-files.ts'
import { PinnedObject } from '../../objects/object.ts'
import { Finding } from './finding.ts'

/** Written by `convert` if the job's archive is a stream of SpecStar: the archive that the restore reads instead. */
export const ConvertedArchive = z
  .object({
    archive: PinnedObject,
    /** The stream. */
    source: PinnedObject,
    /** Irregularities of the stream that SpecStar accepts. */
    findings: z.array(Finding).readonly(),
  })
  .readonly()
export type ConvertedArchive = z.output<typeof ConvertedArchive>
export const CONVERTED_ARCHIVE: WorkFile<ConvertedArchive> = { name: () => 'converted.json', content: ConvertedArchive }
