import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import type fc from 'fast-check'
import { startExport } from '../../shared/export/start-export.ts'
import type { Strategy } from '../../shared/jobs/job-request.ts'
import { startRestoreFrom } from '../../shared/restore/start/start-restore.ts'
import { stableContents, removeItems, wipe } from '../contents.ts'
import {
  resourceItems,
  keyOf,
  type PlainArchive,
  type PlainFilter,
  type PlainResource,
  type PlainStore,
} from './plain-store.ts'
import type { FaultHarness } from './fault-harness.ts'

/** The models of every history. */
export const MODELS = ['guild', 'memo']

/** The state of a history: the in-memory store, the archives that were created, and the clock in minutes. */
export interface HistoryState {
  readonly plain: PlainStore
  readonly archives: { readonly job_id: string; readonly archive: PlainArchive }[]
  minutes: number
}

/** The real store, which is compared with the in-memory store. */
interface RealStore {
  readonly harness: FaultHarness
}

/**
 * The number of steps by kind and outcome. The test requires some, because a test that never restores proves nothing.
 */
export const counts = new Map<string, number>()
const count = (what: string): void => {
  counts.set(what, (counts.get(what) ?? 0) + 1)
}

const timeAt = (minutes: number): string =>
  new Date(Date.parse('2026-02-01T00:00:00Z') + minutes * 60_000).toISOString().replace('.000', '')

const caller = (): { requestedBy: string; idempotencyKey: string } => ({
  requestedBy: 'test',
  idempotencyKey: randomUUID(),
})

/** One step of a history, which is run on the in-memory store and on the real store. */
export abstract class Step implements fc.AsyncCommand<HistoryState, RealStore> {
  check(state: Readonly<HistoryState>): boolean {
    return state.minutes >= 0
  }
  abstract run(state: HistoryState, real: RealStore): Promise<void>
  abstract toString(): string
}

const putResource = async (harness: FaultHarness, resource: PlainResource): Promise<void> => {
  const { items, spilled } = resourceItems(resource)
  const { payloads, resources } = harness.services
  for (const [sha256, bytes] of spilled) await payloads.put(sha256, bytes)
  const writer = resources.writer()
  await Promise.all(items.map((item) => writer.put(item)))
  await writer.drain()
}

/** Writes the first revision of a resource or a new one. */
export class Write extends Step {
  readonly #resource: { model: string; id: string }
  readonly #blobs: readonly string[]
  readonly #large: boolean
  readonly #schema: string | null

  constructor(model: string, id: string, blobs: readonly string[], large: boolean, schema: string | null) {
    super()
    this.#resource = { model, id }
    this.#blobs = blobs
    this.#large = large
    this.#schema = schema
  }

  async run(state: HistoryState, { harness }: RealStore): Promise<void> {
    const at = timeAt((state.minutes += 1))
    const before = state.plain.resources.get(keyOf(this.#resource))
    const n = (before?.revisions.at(-1)?.n ?? 0) + 1
    const images = this.#blobs.map((file_id) => ({ file_id, size: 1 }))
    const text = this.#large ? 'x'.repeat(380_000) + at : at
    const revision = { n, schema: this.#schema, payload: JSON.stringify({ text, images }), blobs: this.#blobs, at }
    const resource: PlainResource = {
      ...this.#resource,
      deleted: before?.deleted ?? false,
      updatedAt: at,
      revisions: [...(before?.revisions ?? []), revision],
    }
    state.plain.put(resource)
    await putResource(harness, resource)
  }

  toString(): string {
    return `write ${keyOf(this.#resource)}${this.#large ? ', large' : ''} with blobs [${this.#blobs.join(', ')}]`
  }
}

export class Delete extends Step {
  readonly #key: string
  readonly #hard: boolean

  constructor(model: string, id: string, hard: boolean) {
    super()
    this.#key = keyOf({ model, id })
    this.#hard = hard
  }

  override check({ plain }: Readonly<HistoryState>): boolean {
    return plain.resources.has(this.#key)
  }

  async run(state: HistoryState, { harness }: RealStore): Promise<void> {
    const before = state.plain.resources.get(this.#key)
    if (before === undefined) return
    if (this.#hard) {
      state.plain.resources.delete(this.#key)
      await removeItems(harness.clients, resourceItems(before).items)
      return
    }
    const deleted = { ...before, deleted: true, updatedAt: timeAt((state.minutes += 1)) }
    state.plain.put(deleted)
    await putResource(harness, deleted)
  }

  toString(): string {
    return `${this.#hard ? 'remove' : 'delete'} ${this.#key}`
  }
}

export class PutBlob extends Step {
  readonly #id: string
  readonly #bytes: Buffer | undefined

  constructor(id: string, bytes: Buffer | undefined) {
    super()
    this.#id = id
    this.#bytes = bytes
  }

  async run({ plain }: HistoryState, { harness }: RealStore): Promise<void> {
    if (this.#bytes === undefined) {
      plain.blobs.delete(this.#id)
      await harness.services.blobs.delete([this.#id])
      return
    }
    plain.blobs.set(this.#id, this.#bytes.toString('base64'))
    const sha256 = createHash('sha256').update(this.#bytes).digest('hex')
    await harness.services.blobs.put(this.#id, this.#bytes, { size: this.#bytes.length, sha256 })
  }

  toString(): string {
    return this.#bytes === undefined ? `delete blob ${this.#id}` : `put blob ${this.#id} of ${this.#bytes.length} bytes`
  }
}

export class Wipe extends Step {
  async run({ plain }: HistoryState, { harness }: RealStore): Promise<void> {
    plain.wipe()
    await wipe(harness.clients)
  }

  toString(): string {
    return 'wipe'
  }
}

const filtersOf = ({ ids, is_deleted }: PlainFilter): object => ({
  ...(ids === undefined ? {} : { ids }),
  ...(is_deleted === undefined ? {} : { is_deleted }),
})

export class Export extends Step {
  readonly #filter: PlainFilter
  readonly #strict: boolean

  constructor(filter: PlainFilter, strict: boolean) {
    super()
    this.#filter = filter
    this.#strict = strict
  }

  async run(state: HistoryState, { harness }: RealStore): Promise<void> {
    const { archive, missing, lacksIds } = state.plain.export(this.#filter)
    count(`exports ${missing.length > 0 ? 'with missing blobs' : 'without missing blobs'}`)
    const job = await harness.run((services) =>
      startExport(
        services,
        {
          models: this.#filter.models ?? MODELS,
          filters: filtersOf(this.#filter),
          strict: this.#strict,
          format: 'acbak',
        },
        caller(),
      ),
    )
    if (missing.length > 0 && this.#strict) {
      strictEqual(job.error?.type, 'blobs-missing')
      return
    }
    strictEqual(job.error, undefined, job.error?.detail)
    strictEqual(job.status, missing.length > 0 || lacksIds ? 'partial' : 'succeeded')
    state.archives.push({ job_id: job.job_id, archive })
  }

  toString(): string {
    return `export ${JSON.stringify(this.#filter)}${this.#strict ? '' : ', not strict'}`
  }
}

export class Restore extends Step {
  readonly #which: number
  readonly #strategy: Strategy
  readonly #filter: PlainFilter

  constructor(which: number, strategy: Strategy, filter: PlainFilter) {
    super()
    this.#which = which
    this.#strategy = strategy
    this.#filter = filter
  }

  override check({ archives }: Readonly<HistoryState>): boolean {
    return archives.length > 0
  }

  async run({ plain, archives }: HistoryState, { harness }: RealStore): Promise<void> {
    const made = archives[this.#which % archives.length]
    if (made === undefined) return
    const expected = plain.restore(made.archive, this.#strategy, this.#filter)
    count(`restores that ended ${expected.status}`)
    const job = await harness.run((services) =>
      startRestoreFrom(
        services,
        { filters: filtersOf(this.#filter), on_duplicate: this.#strategy, dry_run: false },
        { job_id: made.job_id },
        caller(),
      ),
    )
    if (expected.status === 'duplicates') strictEqual(job.error?.type, 'duplicates')
    else {
      strictEqual(job.error, undefined, JSON.stringify(job))
      strictEqual(job.status, expected.status)
      const sums = job.kind === 'restore' ? Object.values(job.result?.models ?? {}) : []
      const sum = (of: 'loaded' | 'skipped' | 'total'): number => sums.reduce((all, counts) => all + counts[of], 0)
      strictEqual(sum('loaded'), expected.loaded)
      strictEqual(sum('skipped'), expected.skipped)
      strictEqual(sum('total'), expected.loaded + expected.skipped)
    }
    deepStrictEqual(stableContents(await harness.contents()), stableContents(plain.contents()))
  }

  toString(): string {
    return `restore archive ${this.#which}, ${this.#strategy}, ${JSON.stringify(this.#filter)}`
  }
}
