import type { Strategy } from '../../jobs/job.ts'
import { deriveMetadata, deriveRevision } from '../../resources/attributes.ts'
import { type Item, type Key, keyOf, sortKeyOf } from '../../tables/item.ts'
import { RevisionView } from '../../resources/views.ts'
import type { ResourceWriter } from '../../resources/aws/resource-writer.ts'
import type { Services } from '../../runtime/services.ts'
import type { ArchivedRecord } from '../../archive/archived-records.ts'
import { ConflictError } from '../errors.ts'
import type { TakenResource } from '../extents.ts'
import { targetRange } from '../target/target-comparison.ts'
import { SurplusRevisions } from './surplus-revisions.ts'

interface Context {
  readonly services: Services
  readonly writer: ResourceWriter
  readonly model: string
  readonly jobId: string
  readonly strategy: Strategy
}

/** Writes resources under one strategy. Resources begin in the archive's order and end side by side. */
export interface ResourceApplier {
  begin(resource: TakenResource): Promise<AppliedResource>
  close(): Promise<void>
}

/** One resource under way: its revisions come one by one, `end` puts its metadata and says whether it was written. */
export interface AppliedResource {
  readonly id: string
  revision(record: ArchivedRecord): Promise<void>
  end(): Promise<boolean>
}

/** The items to write: keys and derived attributes made anew, and payloads spilled first where they must be. */
const prepare = async (
  { services, model, jobId }: Context,
  item: Item,
  kind: 'metadata' | 'revision',
): Promise<Item> => {
  const { shards } = services.models.get(model)
  if (kind === 'metadata') return deriveMetadata(item, { model, shards, job_id: jobId })
  const derived = deriveRevision(item, { model, shards, job_id: jobId })
  const sha256 = new RevisionView(item).dataSha256
  if (derived.spilled !== undefined && sha256 !== undefined) await services.payloads.put(sha256, derived.spilled)
  return derived.item
}

/** `overwrite`: the resource becomes the archived one as a whole, whatever stood there. */
export class OverwriteWriter implements ResourceApplier {
  readonly #context: Context
  readonly #surplus: SurplusRevisions

  constructor(
    context: Context,
    target: {
      readonly after: string | undefined
      readonly upTo: string | undefined
      readonly ids: readonly string[] | undefined
    },
  ) {
    this.#context = context
    const { services, model } = context
    // Also where the target was empty at first: someone may have written since, and reading nothing costs next to nothing.
    this.#surplus = new SurplusRevisions(
      services,
      model,
      target.ids === undefined ? targetRange(target.after, target.upTo) : undefined,
    )
  }

  async begin({ metadata }: TakenResource): Promise<AppliedResource> {
    const { writer } = this.#context
    const stored = await this.#surplus.keysOf(metadata.id)
    const revisions: Promise<void>[] = []
    const written = new Set<string>()
    return {
      id: metadata.id,
      revision: async ({ item }) => {
        const prepared = await prepare(this.#context, item, 'revision')
        written.add(sortKeyOf(prepared))
        const put = writer.put(prepared)
        // Awaited before the metadata; until then a rejection must not end the process.
        put.catch(() => undefined)
        revisions.push(put)
        if (revisions.length % 100 === 0) await Promise.all(revisions)
      },
      end: async () => {
        await Promise.all(revisions)
        await writer.put(await prepare(this.#context, metadata.item, 'metadata'))
        await Promise.all(stored.filter(({ sk }) => !written.has(sk)).map((key) => writer.remove(key)))
        return true
      },
    }
  }

  async close(): Promise<void> {
    await this.#surplus.close()
  }
}

/** `skip` and `raise_error`: everything is put on condition of absence; where another writer was first, ours goes again. */
export class PresentWriter implements ResourceApplier {
  readonly #context: Context

  constructor(context: Context) {
    this.#context = context
  }

  begin({ metadata, existed }: TakenResource): Promise<AppliedResource> {
    const { writer, jobId, strategy, model, services } = this.#context
    const puts: Promise<void>[] = []
    const keys: Key[] = []
    let rival = existed
    const put = async (item: Item): Promise<void> => {
      const key = keyOf(item)
      if ((await writer.putIfAbsent(item)) === 'written') {
        keys.push(key)
        return
      }
      const by = await services.resources.appliedBy(key)
      if (by === jobId) {
        // Ours from an attempt before.
        keys.push(key)
      } else if (by !== undefined && (await services.resources.getMetadata(model, metadata.id)) === undefined) {
        // A restore that ended before it put the metadata left it: it is no resource, and its writer is gone (we have the lease).
        await writer.removeIfAppliedBy(key, by)
        await put(item)
      } else rival = true
    }
    return Promise.resolve({
      id: metadata.id,
      revision: async ({ item }) => {
        const work = put(await prepare(this.#context, item, 'revision'))
        work.catch(() => undefined)
        puts.push(work)
        if (puts.length % 100 === 0) await Promise.all(puts)
      },
      end: async () => {
        await Promise.all(puts)
        if (!rival) await put(await prepare(this.#context, metadata.item, 'metadata'))
        if (!rival) return true
        await Promise.all(keys.map((key) => writer.removeIfAppliedBy(key, jobId)))
        if (strategy === 'raise_error') throw new ConflictError(model, metadata.id)
        return false
      },
    })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
