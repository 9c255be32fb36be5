import * as z from 'zod'
import type { PinnedObject } from '../objects/object.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { buffersOf } from '../values/buffers-of.ts'
import { ResumableSha256 } from '../values/resumable-sha256.ts'

/** The position inside an object at which its hashing continues. */
export const HashPosition = z
  .object({
    /** The ETag of the object. If the object has another ETag, its hashing must begin again. */
    etag: z.string(),
    /** The number of bytes that are hashed. */
    bytes: z.int(),
    /** The state of a `ResumableSha256`. */
    state: z.string(),
  })
  .readonly()
export type HashPosition = z.output<typeof HashPosition>

/** How a large object is hashed. */
export interface HashSteps {
  /** The number of bytes of one step. */
  readonly stepBytes: number
  /** Called after each step. Returns true if the pass must stop. */
  readonly timeIsUp: () => boolean
  /** Called if a step fails. Returns true if the pass must stop and store its finished steps. */
  readonly mustHandOver: (error: unknown) => boolean
}

/** An object that is hashed to its end. */
interface HashedObject {
  readonly sha256: string
  /** The position at the end of the object. Absent if this pass has read no byte of the object. */
  readonly end?: HashPosition
}

/**
 * Computes the SHA-256 of a large object in steps of `stepBytes`. Each step is one request. If the time is up after a
 * step, returns the position at which another pass continues. Throws `ObjectChangedError` if this version of the object
 * no longer exists.
 */
export const hashInSteps = async (
  objects: Pick<ObjectStore, 'read'>,
  object: PinnedObject,
  start: HashPosition | undefined,
  { stepBytes, timeIsUp, mustHandOver }: HashSteps,
): Promise<HashedObject | { readonly position: HashPosition }> => {
  const { etag, size } = object
  const resumed = start?.etag === etag ? start : undefined
  const hash = await ResumableSha256.resume(resumed?.state)
  let bytes = resumed?.bytes ?? 0
  /** The position after the last finished step of this pass. */
  let position: HashPosition | undefined
  while (bytes < size) {
    const length = Math.min(stepBytes, size - bytes)
    try {
      for await (const piece of buffersOf(await objects.read(object, bytes, length))) hash.update(piece)
    } catch (error) {
      if (position === undefined || !mustHandOver(error)) throw error
      return { position }
    }
    bytes += length
    position = { etag, bytes, state: hash.save() }
    if (bytes < size && timeIsUp()) return { position }
  }
  return { sha256: hash.digest(), ...(position === undefined ? {} : { end: position }) }
}
