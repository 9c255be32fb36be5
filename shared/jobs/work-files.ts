import type * as z from 'zod'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'

/**
 * A kind of JSON file that one stage of a job writes and another stage reads. `name` returns the name of the file,
 * without the prefix of the job. `content` is the schema of its content.
 */
export interface WorkFile<Content, Parts extends readonly (string | number)[] = []> {
  readonly name: (...parts: Parts) => string
  readonly content: z.ZodType<Content>
}

/**
 * Reads and writes the files of jobs in the work bucket, whose keys begin with `work/{job_id}/`. They contain plans,
 * lists and findings, which are too large for the state of the workflow. A lifecycle rule deletes them after 7 days.
 */
export class WorkFiles {
  readonly bucket: string
  readonly #objects: ObjectStore

  constructor(objects: ObjectStore, bucket: string) {
    this.#objects = objects
    this.bucket = bucket
  }

  /** Returns the key of a file, or of any other object of a job. */
  key(jobId: string, name: string): string {
    return `work/${jobId}/${name}`
  }

  /**
   * Returns the content of a file, or `undefined` if the file does not exist. Throws `ZodError` if the content does not
   * match the schema.
   */
  async find<Content, Parts extends readonly (string | number)[]>(
    file: WorkFile<Content, Parts>,
    jobId: string,
    ...parts: Parts
  ): Promise<Content | undefined> {
    const content = await this.#objects.getJson(this.bucket, this.key(jobId, file.name(...parts)))
    return content === undefined ? undefined : file.content.parse(content)
  }

  /** Returns the content of a file that an earlier stage has written. Throws if the file does not exist. */
  async read<Content, Parts extends readonly (string | number)[]>(
    file: WorkFile<Content, Parts>,
    jobId: string,
    ...parts: Parts
  ): Promise<Content> {
    const content = await this.find(file, jobId, ...parts)
    if (content === undefined)
      throw new Error(
        `job ${jobId} has no file ${file.name(...parts)} in the work bucket; files are deleted after 7 days`,
      )
    return content
  }

  /**
   * Returns the content of the file in the version that `pinned` identifies. Throws `ObjectChangedError` if this
   * version no longer exists, because the file was replaced.
   */
  async readPinned<Content>(file: Pick<WorkFile<Content>, 'content'>, pinned: PinnedObject): Promise<Content> {
    const bytes = await this.#objects.readBytes(pinned, 0, pinned.size)
    return file.content.parse(JSON.parse(bytes.toString()))
  }

  /** Writes a file. Replaces an existing file of the same name. */
  write<Content, Parts extends readonly (string | number)[]>(
    file: WorkFile<Content, Parts>,
    content: Content & object,
    jobId: string,
    ...parts: Parts
  ): Promise<PinnedObject> {
    return this.#objects.putJson(this.bucket, this.key(jobId, file.name(...parts)), content)
  }

  /**
   * Writes a file and returns its content. If the file exists, because an earlier attempt has written it, returns the
   * existing content.
   */
  async writeOnce<Content, Parts extends readonly (string | number)[]>(
    file: WorkFile<Content, Parts>,
    content: Content & object,
    jobId: string,
    ...parts: Parts
  ): Promise<Content> {
    const key = this.key(jobId, file.name(...parts))
    const written = await this.#objects.putJson(this.bucket, key, content, { ifAbsent: true })
    return written === 'exists' ? this.read(file, jobId, ...parts) : content
  }

  /** Writes bytes as an object of the job. */
  writeBytes(bytes: Uint8Array, jobId: string, name: string): Promise<PinnedObject> {
    return this.#objects.put(
      this.bucket,
      this.key(jobId, name),
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    )
  }
}
