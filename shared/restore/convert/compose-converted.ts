import type { Attempt } from '../../jobs/pass.ts'
import { storeFinished } from '../../jobs/store-finished.ts'
import { uploadInSteps } from '../../jobs/upload-in-steps.ts'
import { abandon } from '../../objects/abandon.ts'
import { Composer } from '../../objects/composer.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { PartLayout } from '../../objects/part-layout.ts'
import type { PartSource } from '../../objects/part-source.ts'
import type { UnfinishedArchive } from '../messages/convert.ts'
import { workName } from '../messages/work-names.ts'
import type { ConvertServices } from './services.ts'

/** The objects and bytes of which an archive consists. */
interface ArchivePieces {
  readonly segments: readonly PinnedObject[]
  /** Returns the bytes after the segments. */
  readonly tail: () => Promise<Buffer>
}

/**
 * Joins segments and the tail to one archive. A large archive is composed in steps: if the time is up, returns the
 * unfinished archive, with which the next pass continues.
 */
export const composeConverted = async (
  attempt: Attempt,
  services: ConvertServices,
  { segments, tail }: ArchivePieces,
  saved: UnfinishedArchive | undefined,
): Promise<{ readonly archive: PinnedObject } | { readonly unfinished: UnfinishedArchive }> => {
  const { objects, workFiles, limits } = services
  const key = workFiles.key(attempt.job_id, workName.convertedArchive(attempt.attempt))
  const size = segments.reduce((sum, segment) => sum + segment.size, 0)
  if (size < limits.largeBlobBytes) {
    const composer = new Composer(objects, workFiles.bucket, key)
    try {
      for (const object of segments) await composer.object({ object, start: 0, length: object.size })
      await composer.bytes(await tail())
      return { archive: await storeFinished(attempt, () => composer.finish()) }
    } catch (error) {
      await abandon(composer)
      throw error
    }
  }
  // All passes must use the same tail, because each pass would create a manifest with another time.
  const storedTail =
    saved?.tail ?? (await workFiles.writeBytes(await tail(), attempt.job_id, workName.convertedTail(attempt.attempt)))
  const layout = new PartLayout<PartSource>()
  const pieces = [...segments.map((object) => ({ object, copyable: true })), { object: storedTail, copyable: false }]
  const parts = pieces.flatMap(({ object, copyable }) =>
    layout.add({ size: object.size, source: { range: { object, start: 0, length: object.size } }, copyable }),
  )
  const written = await uploadInSteps(
    services,
    attempt,
    { bucket: workFiles.bucket, key },
    [...parts, ...layout.end()],
    saved?.upload,
  )
  return 'object' in written
    ? { archive: written.object }
    : { unfinished: { tail: storedTail, upload: written.upload } }
}
