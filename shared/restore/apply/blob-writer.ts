import { createHash } from 'node:crypto'
import pLimit from 'p-limit'
import { EntryCorruptError } from '../../archive/errors.ts'
import { blobName } from '../../blobs/blob-name.ts'
import { propertiesOf } from '../../blobs/blob-properties.ts'
import { propertyDifferences } from '../../blobs/property-differences.ts'
import type { BlobContent, BlobStore } from '../../blobs/blob-store.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { Limits } from '../../jobs/limits.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { uploadInSteps } from '../../jobs/upload-in-steps.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { workOnAll } from '../../jobs/work-until.ts'
import { ObjectExistsError } from '../../objects/errors.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'
import { ByteBudget } from '../../objects/byte-budget.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { copyParts } from '../../objects/part-source.ts'
import type { RestoredBlob } from '../messages/preflight-blobs.ts'
import type { BlobRun } from './blob-runs.ts'

/**
 * Blobs of at least 16 MiB are copied by S3 and do not pass through the worker. Their bytes are not verified here,
 * because preflight has verified them in the same version of the archive.
 */
export const COPIED_BLOB_BYTES = 16 * 1024 * 1024

/**
 * The number of runs that are read at the same time, and also the number of blobs that are written at the same time.
 */
export const PARALLEL_BLOBS = 8
/** The largest size of the runs in memory, in bytes. Only runs of one blob of more than 6 MiB reach this limit. */
const MAX_HELD_BYTES = 48 * 1024 * 1024

export interface BlobWriterServices {
  readonly jobs: JobStore
  readonly limits: Pick<Limits, 'hashStepBytes'>
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
  readonly blobs: BlobStore
  readonly payloads: PayloadStore
}

interface BlobWriterOptions {
  readonly archive: PinnedObject
  /** If true (strategy `overwrite`), existing blobs are replaced. Otherwise, only absent blobs are written. */
  readonly isOverwriting: boolean
  /** Called if another writer created the blob with other bytes or headers. That blob is not changed. */
  readonly onConflict: (id: string) => void
}

/** Writes blobs and spilled payloads of an archive to the store. */
export class BlobWriter {
  readonly #services: BlobWriterServices
  readonly #options: BlobWriterOptions
  /** Limits the writes of all runs together. */
  readonly #limit = pLimit(PARALLEL_BLOBS)
  readonly #held = new ByteBudget(MAX_HELD_BYTES)

  constructor(services: BlobWriterServices, options: BlobWriterOptions) {
    this.#services = services
    this.#options = options
  }

  /** Writes a blob whose bytes S3 copies from the archive. */
  async copy(blob: RestoredBlob): Promise<void> {
    const { payloads, blobs } = this.#services
    const { archive, isOverwriting } = this.#options
    const range = { object: archive, start: blob.offset, length: blob.size }
    if (blob.kind === 'payload') await payloads.copyIn(blob.id, range)
    else if (isOverwriting) await blobs.copyIn(blob.id, range, contentOf(blob))
    else if (!(await blobs.copyInIfAbsent(blob.id, range, contentOf(blob)))) await this.#compareExisting(blob)
  }

  /**
   * Writes a large blob as `copy` does, in the parts whose checksums preflight has computed. If the time is up before
   * the last part, or if AWS throttles a part until the time of the pass is used up, returns the unfinished upload, with
   * which the next pass continues.
   */
  async copyInSteps(
    blob: RestoredBlob,
    attempt: Pick<Attempt, 'job_id' | 'timeIsUp' | 'mustHandOver'>,
    saved: PinnedObject | undefined,
  ): Promise<PinnedObject | undefined> {
    const { blobs, limits } = this.#services
    const { archive, isOverwriting } = this.#options
    const parts = copyParts({ object: archive, start: blob.offset, length: blob.size }, limits.hashStepBytes)
    try {
      const written = await blobs.writeObject(blob.id, contentOf(blob), blob.size, (target) =>
        uploadInSteps(
          this.#services,
          attempt,
          { ...target, options: { ...target.options, storesSha256: true }, ifAbsent: !isOverwriting },
          parts,
          saved,
        ),
      )
      return 'upload' in written ? written.upload : undefined
    } catch (error) {
      if (!(error instanceof ObjectExistsError)) throw error
      await this.#compareExistingLarge(blob)
      return undefined
    }
  }

  /**
   * Reads a run from the archive, and writes its blobs. Calls `onWritten` for each written blob. Throws
   * `EntryCorruptError` if the bytes of a blob do not have the expected SHA-256.
   */
  async writeRun({ start, length, blobs }: BlobRun, onWritten: (blob: RestoredBlob) => void): Promise<void> {
    await this.#held.take(length)
    try {
      const bytes = await this.#services.objects.readBytes(this.#options.archive, start, length)
      await workOnAll(blobs, PARALLEL_BLOBS, (blob) =>
        this.#limit(async () => {
          await this.#write(blob, bytes.subarray(blob.offset - start, blob.offset - start + blob.size))
          onWritten(blob)
        }),
      )
    } finally {
      this.#held.release(length)
    }
  }

  async #write(blob: RestoredBlob, bytes: Buffer): Promise<void> {
    const { payloads, blobs } = this.#services
    const { isOverwriting } = this.#options
    const { id, kind, size, sha256 } = blob
    const actual = createHash('sha256').update(bytes).digest('hex')
    if (actual !== sha256)
      throw new EntryCorruptError(kind === 'payload' ? `payloads/${id}` : `blobs/${blobName(id)}`, sha256, actual)
    const content = { size, ...contentOf(blob) }
    // The key of a payload is its SHA-256, so replacing an existing payload does not change its bytes.
    if (kind === 'payload') await payloads.put(id, bytes)
    else if (isOverwriting) await blobs.put(id, bytes, content)
    else if (!(await blobs.putIfAbsent(id, bytes, content))) await this.#compareExisting(blob)
  }

  /**
   * Compares the existing blob with the archived blob. If the bytes and headers are equal, an earlier attempt or
   * another writer has already written the blob. If they differ, this is a conflict.
   */
  async #compareExisting(blob: RestoredBlob): Promise<void> {
    const existing = await this.#services.blobs.sha256Of(blob.id, blob.sha256)
    const isEqual =
      existing?.sha256 === blob.sha256 &&
      existing.object.size === blob.size &&
      propertyDifferences(blob, existing.properties).length === 0
    if (!isEqual) this.#options.onConflict(blob.id)
  }

  /**
   * Compares an existing large blob as `#compareExisting` does, but does not read its bytes, because this could take
   * longer than a pass. It uses the SHA-256 that S3 or the writer of the blob has stored. If the bytes do not have this
   * SHA-256, the verification of the restore finds it.
   */
  async #compareExistingLarge(blob: RestoredBlob): Promise<void> {
    const existing = await this.#services.blobs.head(blob.id)
    const isEqual =
      (existing?.checksum_sha256 ?? existing?.sha256) === blob.sha256 &&
      existing?.object.size === blob.size &&
      propertyDifferences(blob, existing).length === 0
    if (!isEqual) this.#options.onConflict(blob.id)
  }
}

const contentOf = (blob: RestoredBlob): BlobContent => ({ sha256: blob.sha256, ...propertiesOf(blob) })
