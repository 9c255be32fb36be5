import * as z from 'zod'
import { PinnedObject } from '../../objects/object.ts'

/** The archive of a job, in its report. */
export const ReportedArchive = z
  .object({
    ...PinnedObject.unwrap().shape,
    format: z.enum(['acbak', 'specstar']),
    manifest_sha256: z
      .string()
      .describe('For a stream of SpecStar, the digest of the manifest of the converted archive'),
    proven_manifest: z.boolean(),
  })
  .readonly()
