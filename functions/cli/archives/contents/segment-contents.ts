import type { OpenArchive } from '../../../../shared/archive/archive.ts'
import { ArchivePayloads, FewArchivePayloads } from '../../../../shared/archive/archive-payloads.ts'
import {
  type ArchivedBlob,
  archivedBlobs,
  findArchivedBlob,
  readArchivedBlob,
} from '../../../../shared/archive/archived-blobs.ts'
import { archivedRecords } from '../../../../shared/archive/archived-records.ts'
import { readLeftOut } from '../../../../shared/archive/check-left-out.ts'
import { EntryFinder } from '../../../../shared/archive/entry-finder.ts'
import { isArchiveFault, locatedMessage } from '../../../../shared/archive/errors.ts'
import type { UnrestorableStoredResource } from '../../../../shared/archive/left-out.ts'
import { salvagedRecords } from '../../../../shared/archive/salvaged-records.ts'
import { blobPosition } from '../../../../shared/blobs/blob-references.ts'
import type { BlobPaths } from '../../../../shared/resources/blob-paths.ts'
import { compareBytes } from '../../../../shared/values/text-order.ts'
import type {
  ArchiveContents,
  ArchiveDescription,
  ContentsBlob,
  ContentsRecord,
  FaultyContentsRecord,
  ReadOptions,
} from './contents.ts'

/**
 * The number of payloads that are found by bisection. A caller that needs more of them probably needs most, so then all
 * indexes of payloads are read once.
 */
const FEW_PAYLOADS = 20

/** The content of an archive of version 3. Reads only the indexes and entries that a call needs. */
export class SegmentContents implements ArchiveContents {
  readonly #archive: OpenArchive
  readonly #finder: EntryFinder
  readonly #fewPayloads: FewArchivePayloads
  readonly #manyPayloads: ArchivePayloads
  #payloadsRead = 0

  constructor(archive: OpenArchive) {
    this.#archive = archive
    this.#finder = new EntryFinder(archive)
    this.#fewPayloads = new FewArchivePayloads(archive)
    this.#manyPayloads = new ArchivePayloads(archive)
  }

  get isReadAsWhole(): boolean {
    return this.#archive.walked
  }

  describe(): Promise<ArchiveDescription> {
    const { manifest, provenManifest, source } = this.#archive
    const { created_at, job_id, source: origin, scope, complete, missing_blobs, left_out, models, blobs } = manifest
    return Promise.resolve({
      format: 'acbak',
      size: source.size,
      created_at,
      job_id,
      deployment: origin.deployment,
      region: origin.region,
      filters: scope.filters,
      complete,
      proven_manifest: provenManifest,
      missing_blobs: missing_blobs.length,
      left_out: left_out?.count ?? 0,
      models: Object.fromEntries(
        Object.entries(models).map(([model, { resources, revisions }]) => [model, { resources, revisions }]),
      ),
      blobs,
    })
  }

  isMissing(fileId: string): boolean {
    return this.#archive.manifest.missing_blobs.includes(fileId)
  }

  leftOut(): AsyncGenerator<UnrestorableStoredResource, void> {
    return readLeftOut(this.#archive)
  }

  async *records(
    model: string,
    ids?: readonly string[],
    { skipsDamage = false, onHarmlessDamage }: Pick<ReadOptions, 'skipsDamage' | 'onHarmlessDamage'> = {},
  ): AsyncGenerator<readonly (ContentsRecord | FaultyContentsRecord)[]> {
    const { segments } = this.#archive
    const first = segments.findIndex((segment) => segment.model === model)
    if (first === -1) return
    const last = segments.findLastIndex((segment) => segment.model === model)
    const onFrameDamage = (damage: Error): void => {
      onHarmlessDamage?.(locatedMessage(damage))
    }
    const batches = skipsDamage
      ? salvagedRecords(this.#archive, { first, last }, { ids, onFrameDamage })
      : archivedRecords(this.#archive, { first, last }, { ids })
    for await (const batch of batches)
      yield batch.map((record) => {
        if (record.kind === 'lost') return { model, id: '', fault: locatedMessage(record.damage), lost: record.range }
        if (record.kind === 'misplaced') return { model, id: record.id, fault: locatedMessage(record.damage) }
        if (record.fault === undefined) return record
        const { entry = '', line = 0 } = record.location
        const { id, idInKey } = record
        return { model, id, idInKey, fault: `${record.fault} (line ${line} of entry ${entry})` }
      })
  }

  blobPaths(model: string): BlobPaths {
    return this.#archive.manifest.models[model]?.blob_paths
  }

  payload(sha256: string): Promise<Buffer | undefined> {
    this.#payloadsRead += 1
    return (this.#payloadsRead > FEW_PAYLOADS ? this.#manyPayloads : this.#fewPayloads).get(sha256)
  }

  async *blobs({ skipsDamage = false, onLostBlobs }: ReadOptions = {}): AsyncGenerator<ContentsBlob> {
    for (const segment of this.#archive.segments) {
      try {
        for await (const batch of archivedBlobs({ ...this.#archive, segments: [segment] }))
          for (const blob of batch) yield this.#toBlob(blob)
      } catch (error) {
        if (!skipsDamage || !isArchiveFault(error)) throw error
        onLostBlobs?.(locatedMessage(error))
      }
    }
  }

  async *findBlobs(fileIds: ReadonlySet<string>): AsyncGenerator<ContentsBlob> {
    const positions = new Map([...fileIds].map((fileId) => [blobPosition(fileId), fileId]))
    // In the order of the archive, so that each index is read once.
    for (const [, fileId] of [...positions].sort(([a], [b]) => compareBytes(a, b))) {
      const found = await findArchivedBlob(this.#archive, fileId, this.#finder)
      if (found !== undefined) yield this.#toBlob(found)
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #toBlob(archived: ArchivedBlob): ContentsBlob {
    const { file_id, size, sha256, content_type } = archived.entry
    return {
      file_id,
      size,
      sha256,
      ...(content_type === undefined ? {} : { content_type }),
      read: () => readArchivedBlob(this.#archive, archived),
    }
  }
}
