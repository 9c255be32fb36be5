import { describe, expect, it, vi } from 'vitest'
import { UNCLAIMED_REVISIONS } from '../../shared/export/messages.ts'
import { isRevisionKey, metadataKeyOf, UnclaimedRevisions } from '../../shared/export/unclaimed-revisions.ts'
import type { WorkFiles } from '../../shared/jobs/work-files.ts'
import { joinPages } from '../../shared/resources/resource-join.ts'
import { type Item, type Key, keyOf } from '../../shared/tables/item.ts'

/** Work files in memory. */
class MemoryFiles implements Pick<WorkFiles, 'write' | 'readPinned'> {
  readonly #files = new Map<string, string>()

  readonly write: WorkFiles['write'] = (file, content, _jobId, ...parts) => {
    const key = file.name(...parts)
    this.#files.set(key, JSON.stringify(content))
    return Promise.resolve({ bucket: 'work', key, etag: 'e', size: 1 })
  }

  readonly readPinned: WorkFiles['readPinned'] = (file, { key }) =>
    Promise.resolve(file.content.parse(JSON.parse(this.#files.get(key) ?? 'null')))
}

const ATTEMPT = { job_id: 'job', n: 0, pass: 0, attempt: 'a', timeIsUp: () => false, mustHandOver: () => false }
const MAX_KEYS = 1_000
const NOW = new Date('2026-01-05T08:30:00Z')

const idHash = (k: number): string => (k * 0x1000).toString(16).padStart(16, '0')
const revisionKey = (k: number, shard = 0, model = 'city'): Key => ({
  pk: `${model}#r#${shard}`,
  sk: `${idHash(k)}/x/0000000001/-`,
})
const itemOf = ({ pk, sk }: Key): Item => ({ pk: { S: pk }, sk: { S: sk } })

const collector = (): { files: MemoryFiles; unclaimed: UnclaimedRevisions } => {
  const files = new MemoryFiles()
  return { files, unclaimed: new UnclaimedRevisions(files, ATTEMPT, MAX_KEYS) }
}
const written = async (files: MemoryFiles, unclaimed: UnclaimedRevisions): Promise<Key[][]> => {
  const { unclaimed_revisions: { lists } = { lists: [] } } = await unclaimed.write(() => NOW)
  return Promise.all(lists.map(async (list) => [...(await files.readPinned(UNCLAIMED_REVISIONS, list))]))
}

async function* pagesOf(count: number, itemAt: (k: number) => Item | undefined): AsyncGenerator<readonly Item[]> {
  for (let from = 0; from < count; from += 700) {
    await Promise.resolve()
    const indexes = Array.from({ length: Math.min(700, count - from) }, (_, n) => from + n)
    yield indexes.map(itemAt).filter((item) => item !== undefined)
  }
}

describe('the revisions for which a pass finds no metadata', () => {
  it.each([
    ['before, between and after the resources', [10_000, 10_001, 40_000]],
    ['of a model without metadata', []],
  ])('are held in bounded numbers, and all of them are written: 50,000 revisions %s', async (_where, claimed) => {
    const { files, unclaimed } = collector()
    let most = 0
    const metadata = pagesOf(50_000, (k) => (claimed.includes(k) ? itemOf(metadataKeyOf(revisionKey(k))) : undefined))
    const revisions = pagesOf(50_000, (k) => itemOf(revisionKey(k)))
    const report = async (items: readonly Item[]): Promise<void> => {
      await unclaimed.add(items.map(keyOf))
      most = Math.max(most, items.length + unclaimed.held)
    }
    const joined = (await Array.fromAsync(joinPages(metadata, revisions, report))).flat()
    expect(joined).toHaveLength(claimed.length)
    expect(most).toBeLessThanOrEqual(MAX_KEYS + 700)
    const lists = await written(files, unclaimed)
    expect(unclaimed.held).toBe(0)
    expect(lists.every((keys) => keys.length <= MAX_KEYS)).toBe(true)
    const expected = Array.from({ length: 50_000 }, (_, k) => k).filter((k) => !claimed.includes(k))
    expect(lists.flat()).toEqual(expected.map((k) => revisionKey(k)))
  })

  it('are written once if the pass reads their range again', async () => {
    const { files, unclaimed } = collector()
    const keys = [
      ...Array.from({ length: 1_500 }, (_, k) => revisionKey(k)),
      { pk: 'city#r#9', sk: 'a00/' },
      { pk: 'city#r#10', sk: 'a000' },
      { pk: 'city#r#10', sk: 'a001' },
    ]
    await unclaimed.add(keys)
    await unclaimed.add(keys)
    const other = revisionKey(0, 0, 'memo')
    await unclaimed.add([other])
    expect((await written(files, unclaimed)).flat()).toEqual([...keys, other])
  })

  it.each([
    ['all in memory', 2_200],
    ['in memory and in a file', 1_500],
    ['in several files', 300],
  ])('are removed from the digest bucket where the pass stops: %s', async (_where, kept) => {
    const { files, unclaimed } = collector()
    const others = Array.from({ length: 200 }, (_, k) => revisionKey(k, 0, 'an-earlier-model'))
    const keys = Array.from({ length: 2_300 }, (_, k) => ({
      pk: 'city#r#0',
      sk: `${k.toString(16).padStart(4, '0')}x`,
    }))
    await unclaimed.add([...others, ...keys])
    await unclaimed.removeFrom('city', kept.toString(16).padStart(4, '0'))
    expect(unclaimed.held).toBeLessThanOrEqual(MAX_KEYS)
    expect((await written(files, unclaimed)).flat()).toEqual([...others, ...keys.slice(0, kept)])
  })

  it('are all kept if a file cannot be read, until they are removed by another call', async () => {
    const { files, unclaimed } = collector()
    const others = Array.from({ length: 200 }, (_, k) => revisionKey(k, 0, 'an-earlier-model'))
    const keys = Array.from({ length: 2_300 }, (_, k) => revisionKey(k))
    await unclaimed.add([...others, ...keys])
    const throttled = new Error('throttled')
    const read = vi.spyOn(files, 'readPinned').mockRejectedValueOnce(throttled)
    await expect(unclaimed.removeFrom('city', '0000')).rejects.toBe(throttled)
    await unclaimed.removeFrom('city', '0000')
    expect(read).toHaveBeenCalledTimes(3)
    expect((await written(files, unclaimed)).flat()).toEqual(others)
  })

  it('write no file if there are none', async () => {
    const { unclaimed } = collector()
    expect(await unclaimed.write(() => NOW)).toEqual({})
  })
})

describe('the key of a revision', () => {
  it('begins with the sort key of its metadata', () => {
    expect(isRevisionKey(revisionKey(1))).toBe(true)
    expect(isRevisionKey({ pk: 'city#r#0', sk: 'zzz' })).toBe(false)
  })
})
