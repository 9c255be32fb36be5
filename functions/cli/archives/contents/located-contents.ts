import type { UnrestorableStoredResource } from '../../../../shared/archive/left-out.ts'
import type { BlobPaths } from '../../../../shared/resources/blob-paths.ts'
import { damagedArchive, VERIFY_ADVICE } from '../errors.ts'
import type {
  ArchiveContents,
  ArchiveDescription,
  ContentsBlob,
  ContentsRecord,
  FaultyContentsBlob,
  FaultyContentsRecord,
  ReadOptions,
} from './contents.ts'

/** Adds the name of the archive, and the advice to verify it, to errors about damage. */
export class LocatedContents implements ArchiveContents {
  readonly #contents: ArchiveContents
  readonly #name: string

  constructor(contents: ArchiveContents, name: string) {
    this.#contents = contents
    this.#name = name
  }

  describe(): Promise<ArchiveDescription> {
    return this.#locate(() => this.#contents.describe())
  }

  records(
    model: string,
    ids?: readonly string[],
    options?: Pick<ReadOptions, 'skipsDamage' | 'onHarmlessDamage'>,
  ): AsyncGenerator<readonly (ContentsRecord | FaultyContentsRecord)[]> {
    return this.#locateEach(this.#contents.records(model, ids, options))
  }

  blobPaths(model: string): BlobPaths {
    return this.#contents.blobPaths(model)
  }

  payload(sha256: string): Promise<Buffer | undefined> {
    return this.#locate(() => this.#contents.payload(sha256))
  }

  async *blobs(options?: ReadOptions): AsyncGenerator<ContentsBlob | FaultyContentsBlob> {
    for await (const blob of this.#locateEach(this.#contents.blobs(options))) yield this.#locatedBlob(blob)
  }

  async *findBlobs(fileIds: ReadonlySet<string>): AsyncGenerator<ContentsBlob | FaultyContentsBlob> {
    for await (const blob of this.#locateEach(this.#contents.findBlobs(fileIds))) yield this.#locatedBlob(blob)
  }

  get isReadAsWhole(): boolean {
    return this.#contents.isReadAsWhole
  }

  isMissing(fileId: string): boolean {
    return this.#contents.isMissing(fileId)
  }

  leftOut(): AsyncGenerator<UnrestorableStoredResource> {
    return this.#locateEach(this.#contents.leftOut())
  }

  close(): Promise<void> {
    return this.#contents.close()
  }

  #locatedBlob(blob: ContentsBlob | FaultyContentsBlob): ContentsBlob | FaultyContentsBlob {
    return blob.fault !== undefined ? blob : { ...blob, read: () => this.#locateEach(blob.read()) }
  }

  async #locate<Result>(read: () => Promise<Result>): Promise<Result> {
    try {
      return await read()
    } catch (error) {
      throw damagedArchive(error, this.#name, VERIFY_ADVICE)
    }
  }

  async *#locateEach<Piece>(pieces: AsyncIterable<Piece>): AsyncGenerator<Piece> {
    try {
      yield* pieces
    } catch (error) {
      throw damagedArchive(error, this.#name, VERIFY_ADVICE)
    }
  }
}
