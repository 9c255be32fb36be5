import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { Item } from '../../../shared/tables/item.ts'
import { findResource, nth } from '../catalogue.ts'
import type { WorkflowRunner } from '../workflow-runner.ts'

/** A store into which the sample was restored. Its methods change it. */
export class RestoredStore {
  readonly #runner: WorkflowRunner

  constructor(runner: WorkflowRunner) {
    this.#runner = runner
  }

  async resource(model: string, id: string): Promise<{ metadata: Item; revisions: readonly Item[] }> {
    return findResource(await this.#runner.contents(), model, id)
  }

  /** Returns the metadata of a city. */
  async metadata(id: string): Promise<Item> {
    return (await this.resource('city', id)).metadata
  }

  /** Returns revision `n` of a city. The first revision is 1. */
  async revision(id: string, n: number): Promise<Item> {
    return nth((await this.resource('city', id)).revisions, n - 1)
  }

  putItems(...items: readonly Item[]): Promise<void> {
    return this.#runner.putItems(...items)
  }

  removeItems(...items: readonly Item[]): Promise<void> {
    return this.#runner.removeItems(...items)
  }

  replaceObject(key: string, body: string): Promise<unknown> {
    return this.#runner.clients.s3.send(new PutObjectCommand({ ...this.#object(key), Body: body }))
  }

  removeObject(key: string): Promise<unknown> {
    return this.#runner.clients.s3.send(new DeleteObjectCommand(this.#object(key)))
  }

  /** Returns the key of the spilled payload of city `e`. */
  async payloadKey(): Promise<string> {
    return `payloads/${(await this.revision('e', 1))['data_sha256']?.S ?? ''}`
  }

  #object(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#runner.clients.config.buckets.blobs, Key: key }
  }
}
