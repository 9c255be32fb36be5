import type { OpenArchive } from '../../../../shared/archive/archive.ts'
import { ArchivePayloads } from '../../../../shared/archive/archive-payloads.ts'
import {
  type ArchivedBlob,
  archivedBlobs,
  findArchivedBlob,
  readArchivedBlob,
} from '../../../../shared/archive/archived-blobs.ts'
import { archivedRecords } from '../../../../shared/archive/archived-records.ts'
import { readIndex } from '../../../../shared/archive/segment-reader.ts'
import type { BlobPaths } from '../../../../shared/resources/blob-paths.ts'
import type {
  ArchiveContents,
  ArchiveDescription,
  ContentsBlob,
  ContentsRecord,
  FaultyContentsRecord,
} from './contents.ts'

/** The content of an archive of version 3. Reads only the indexes and entries that a call needs. */
export class SegmentContents implements ArchiveContents {
  readonly #archive: OpenArchive
  readonly #payloads: ArchivePayloads

  constructor(archive: OpenArchive) {
    this.#archive = archive
    this.#payloads = new ArchivePayloads(archive)
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

  async *records(
    model: string,
    ids?: readonly string[],
  ): AsyncGenerator<readonly (ContentsRecord | FaultyContentsRecord)[]> {
    const { segments } = this.#archive
    const first = segments.findIndex((segment) => segment.model === model)
    if (first === -1) return
    const last = segments.findLastIndex((segment) => segment.model === model)
    for await (const batch of archivedRecords(this.#archive, { first, last }, { ids }))
      yield batch.map((record) => {
        if (record.fault === undefined) return record
        const { entry = '', line = 0 } = record.location
        return { model, id: record.id, fault: `${record.fault} (line ${line} of entry ${entry})` }
      })
  }

  blobPaths(model: string): BlobPaths {
    return this.#archive.manifest.models[model]?.blob_paths
  }

  payload(sha256: string): Promise<Buffer | undefined> {
    return this.#payloads.get(sha256)
  }

  async *blobs(): AsyncGenerator<ContentsBlob> {
    for await (const batch of archivedBlobs(this.#archive)) for (const blob of batch) yield this.#toBlob(blob)
  }

  async *findBlobs(fileIds: ReadonlySet<string>): AsyncGenerator<ContentsBlob> {
    for (const fileId of fileIds) {
      const found = await findArchivedBlob(this.#archive, fileId)
      if (found !== undefined) yield this.#toBlob(found)
    }
  }

  /** Reads the indexes until one of them contains the entry. */
  async offsetOf({ message }: Error): Promise<number | undefined> {
    for (const segment of this.#archive.segments) {
      const index = await readIndex(this.#archive, segment).catch(() => [])
      const entry = index.find(({ path }) => message.includes(path))
      if (entry !== undefined) return segment.offset + entry.offset
    }
    return undefined
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
