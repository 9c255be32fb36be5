import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import { type ArchiveContent, isSameContent } from '../../shared/catalogue/catalogued-archive.ts'
import { isIntactArchive } from '../../shared/schedules/is-intact.ts'
import { memorySource } from '../archive/memory.ts'
import { counts, judgement } from './sample-archives.ts'

let bytes: Buffer
let manifest_sha256: string
beforeAll(async () => {
  bytes = await readFile(new URL('../fixtures/acbak/catalogue-v3.acbak', import.meta.url))
  manifest_sha256 = (await openArchive(memorySource(bytes))).manifestSha256
})

const UNUSED = { headers: {}, metadata: {}, missing_metadata: 0 }

/** Objects that all have the same bytes, and that count how many of them are read at the same time. */
const countingObjects = () => {
  const state = { etag: 'e', opened: 0, reading: 0, most: 0 }
  const whileReading = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    state.most = Math.max(state.most, ++state.reading)
    await setImmediate()
    return work().finally(() => state.reading--)
  }
  const objects = {
    head: (bucket: string, key: string) =>
      Promise.resolve({ bucket, key, size: bytes.length, etag: state.etag, ...UNUSED }),
    sourceOf: () => {
      state.opened++
      const source = memorySource(bytes)
      return {
        ...source,
        read: (start: number, length: number) => whileReading(() => source.read(start, length)),
      }
    },
  }
  const catalogue = { isDamaged: () => Promise.resolve(false) }
  return { state, services: { objects, catalogue, config: { buckets: { archives: 'archives' } } } }
}

const archiveAt = (key: string, sha256 = manifest_sha256) =>
  judgement(1, { city: counts(1) }, { key, manifest_sha256: sha256 })

describe('the check of an archive that was judged', () => {
  it('opens at most two archives at the same time', async () => {
    const { state, services } = countingObjects()
    const keys = Array.from({ length: 8 }, (_, k) => `scheduled/at-once/${k}.acbak`)
    const intact = await Promise.all(keys.map((key) => isIntactArchive(services, archiveAt(key))))
    expect(intact).toEqual(keys.map(() => true))
    expect(state).toMatchObject({ opened: 8, most: 2 })
  })

  it('opens an intact archive again only if its content or its judgement is different', async () => {
    const { state, services } = countingObjects()
    const archive = archiveAt('scheduled/again/a.acbak')
    for (let n = 0; n < 3; n++) expect(await isIntactArchive(services, archive)).toBe(true)
    expect(state.opened).toBe(1)
    state.etag = 'another'
    expect(await isIntactArchive(services, archive)).toBe(true)
    expect(state.opened).toBe(2)
    const other = archiveAt('scheduled/again/a.acbak', 'f'.repeat(64))
    for (let n = 0; n < 2; n++) expect(await isIntactArchive(services, other)).toBe(false)
    expect(state.opened).toBe(4)
  })

  it('finds that an archive was deleted, although it was intact before', async () => {
    const { services } = countingObjects()
    const archive = archiveAt('scheduled/deleted/a.acbak')
    expect(await isIntactArchive(services, archive)).toBe(true)
    const head = () => Promise.resolve(undefined)
    expect(await isIntactArchive({ ...services, objects: { ...services.objects, head } }, archive)).toBe(false)
  })

  it('finds that a check has found damage, although the archive was intact before', async () => {
    const { state, services } = countingObjects()
    const archive = archiveAt('scheduled/damaged/a.acbak')
    expect(await isIntactArchive(services, archive)).toBe(true)
    const damaged = (etag: string) => {
      const content = { bucket: 'archives', key: archive.key, etag }
      return { isDamaged: (object: ArchiveContent) => Promise.resolve(isSameContent(object, content)) }
    }
    expect(await isIntactArchive({ ...services, catalogue: damaged(state.etag) }, archive)).toBe(false)
    expect(await isIntactArchive({ ...services, catalogue: damaged('of another version') }, archive)).toBe(true)
  })

  it('remembers the last 1,000 intact archives', async () => {
    const { state, services } = countingObjects()
    const check = (k: number): Promise<boolean> => isIntactArchive(services, archiveAt(`scheduled/many/${k}.acbak`))
    for (let k = 0; k <= 1000; k++) await check(k)
    const { opened } = state
    await check(1000)
    await check(1)
    expect(state.opened).toBe(opened)
    await check(0)
    expect(state.opened).toBe(opened + 1)
  }, 30_000)
})
