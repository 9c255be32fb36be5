import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Item } from '../../shared/tables/item.ts'
import { joinPages, type JoinedResource } from '../../shared/resources/resource-join.ts'
import { compareBytes } from '../../shared/values/text-order.ts'

const metadataOf = (h: string, id: string): Item => ({ sk: { S: `${h}/${id}` }, resource_id: { S: id } })
const revisionOf = (h: string, id: string, n: number, size = 10): Item => ({
  sk: { S: `${h}/${id}/${n.toString().padStart(10, '0')}/-` },
  data_size: { N: size.toString() },
})
const sk = (item: Item): string => item['sk']?.S ?? ''
const sorted = (items: Item[]): Item[] => items.sort((a, b) => compareBytes(sk(a), sk(b)))

/** Divides a stream into pages of these lengths, repeatedly. Pages can be empty. */
async function* pagesOf(items: readonly Item[], lengths: readonly number[]): AsyncGenerator<readonly Item[]> {
  for (let at = 0, k = 0; at < items.length; k++) {
    const length = lengths[k % lengths.length] ?? 1
    await Promise.resolve()
    yield items.slice(at, at + length)
    at += length
  }
}

const join = async (metadata: Item[], revisions: Item[], lengths: readonly number[] = [3]): Promise<JoinedResource[]> =>
  (await Array.fromAsync(joinPages(pagesOf(sorted(metadata), lengths), pagesOf(sorted(revisions), lengths)))).flat()

/** Returns a function that adds the sort keys of revisions to `reported`. */
const pushTo =
  (reported: string[]) =>
  (items: readonly Item[]): Promise<void> => {
    reported.push(...items.map(sk))
    return Promise.resolve()
  }

describe('joining metadata and revisions', () => {
  it('returns each resource with its revisions, regardless of the lengths of the pages', async () => {
    const resource = fc.record({
      hash: fc.integer({ min: 0, max: 0xffffff }),
      revisions: fc.nat(5),
      metadata: fc.boolean(),
    })
    const lengths = fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 1 }).filter((all) => all.some((n) => n > 0))
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(resource, { selector: ({ hash }) => hash }), lengths, async (made, cuts) => {
        const all = made.map((each) => ({
          ...each,
          h: each.hash.toString(16).padStart(16, '0'),
          id: `id ${each.hash}`,
        }))
        const revisionsOf = ({ h, id, revisions }: (typeof all)[number]): Item[] =>
          Array.from({ length: revisions }, (_, n) => revisionOf(h, id, n))
        const joined = await join(
          all.filter(({ metadata }) => metadata).map(({ h, id }) => metadataOf(h, id)),
          all.flatMap(revisionsOf),
          cuts,
        )
        const expected = all
          .filter(({ metadata }) => metadata)
          .sort((a, b) => compareBytes(a.h, b.h))
          .map((each) => ({ metadata: metadataOf(each.h, each.id), revisions: revisionsOf(each) }))
        expect(joined).toEqual(expected)
      }),
    )
  })

  it('returns no revisions for several ids with the same id hash', async () => {
    const h = '8'.repeat(16)
    // In metadata, `a!` follows `a`; in revisions, it precedes it.
    const ids = ['a', 'a!']
    const joined = await join(
      [...ids.map((id) => metadataOf(h, id)), metadataOf('9'.repeat(16), 'b')],
      [...ids.flatMap((id) => [1, 2].map((n) => revisionOf(h, id, n))), revisionOf('9'.repeat(16), 'b', 1)],
      [1],
    )
    expect(joined.map(({ metadata, revisions }) => [metadata['resource_id']?.S, revisions?.length])).toEqual([
      ['a', undefined],
      ['a!', undefined],
      ['b', 1],
    ])
  })

  it('returns no revisions if they exceed 4 MiB', async () => {
    const h = '1'.repeat(16)
    const revisions = Array.from({ length: 20 }, (_, n) => revisionOf(h, 'large', n, 300_000))
    const joined = await join([metadataOf(h, 'large'), metadataOf('2'.repeat(16), 'next')], revisions)
    expect(joined.map(({ revisions: returned }) => returned?.length)).toEqual([undefined, 0])
  })

  const one = '1'.repeat(16)
  const two = '2'.repeat(16)
  const counts = (joined: readonly JoinedResource[]): (number | undefined)[] =>
    joined.map(({ revisions }) => revisions?.length)

  it('counts 1 KiB for each revision besides its payload', async () => {
    const revisions = (size: number): Item[] => [
      revisionOf(one, 'a', 1, size),
      revisionOf(one, 'a', 2, 2 * 1024 * 1024),
    ]
    const edge = 2 * 1024 * 1024 - 2 * 1024
    expect(counts(await join([metadataOf(one, 'a')], revisions(edge)))).toEqual([2])
    expect(await join([metadataOf(one, 'a')], revisions(edge + 1))).toStrictEqual([{ metadata: metadataOf(one, 'a') }])
  })

  it('does not count the size of spilled payloads, or of payloads without a size', async () => {
    const spilled = Array.from({ length: 20 }, (_, n) => ({
      ...revisionOf(one, 'a', n, 1024 * 1024),
      data_spilled: { BOOL: true },
    }))
    expect(counts(await join([metadataOf(one, 'a')], spilled))).toEqual([20])
    const { sk: key = { S: '' } } = revisionOf(one, 'a', 1)
    expect(counts(await join([metadataOf(one, 'a')], [{ sk: key }]))).toEqual([1])
  })

  it('skips revisions without metadata', async () => {
    const revisions = [revisionOf('0'.repeat(16), 'z', 1), revisionOf(one, 'ab', 1), revisionOf(one, 'a', 1)]
    expect(
      counts(
        await join([metadataOf(one, 'a'), metadataOf(two, 'b')], [...revisions, revisionOf('3'.repeat(16), 'c', 1)]),
      ),
    ).toEqual([1, 0])
    expect(await join([], revisions)).toEqual([])
  })

  it('reports each skipped revision once, also before the first and after the last resource', async () => {
    const claimed = [revisionOf(one, 'a', 1), revisionOf(one, 'a', 2), revisionOf(two, 'b', 1)]
    const unclaimed = [
      revisionOf('0'.repeat(16), 'z', 1),
      revisionOf(one, 'ab', 1),
      revisionOf(one, 'Z', 1),
      { sk: { S: '1zzz' } },
      revisionOf('3'.repeat(16), 'c', 1),
      revisionOf('4'.repeat(16), 'd', 1),
    ]
    for (const lengths of [[1], [2], [1000]])
      for (const metadata of [[metadataOf(one, 'a'), metadataOf(two, 'b')], []]) {
        const reported: string[] = []
        const pages = pagesOf(sorted([...claimed, ...unclaimed]), lengths)
        await Array.fromAsync(joinPages(pagesOf(metadata, [1]), pages, pushTo(reported)))
        expect(reported).toEqual(sorted(metadata.length === 0 ? [...claimed, ...unclaimed] : unclaimed).map(sk))
      }
  })

  it('does not report revisions of resources with the same id hash, or of more than 4 MiB', async () => {
    const reported: string[] = []
    const revisions = [
      ...['a', 'a!', 'other'].map((id) => revisionOf(one, id, 1)),
      ...Array.from({ length: 20 }, (_, n) => revisionOf(two, 'large', n, 300_000)),
    ]
    const metadata = [metadataOf(one, 'a'), metadataOf(one, 'a!'), metadataOf(two, 'large')]
    const pages = pagesOf(sorted(revisions), [3])
    await Array.fromAsync(joinPages(pagesOf(metadata, [3]), pages, pushTo(reported)))
    expect(reported).toEqual([sk(revisionOf(one, 'other', 1))])
  })

  it('reports the skipped revisions page by page, and those before a batch before it returns the batch', async () => {
    const orphans = Array.from({ length: 50_000 }, (_, k) => revisionOf(k.toString(16).padStart(16, '0'), 'x', 1))
    const events: (number | 'batch')[] = []
    const metadata = [metadataOf((20_000).toString(16).padStart(16, '0'), 'x')]
    const report = (items: readonly Item[]): Promise<void> => Promise.resolve(void events.push(items.length))
    for await (const batch of joinPages(pagesOf(metadata, [1]), pagesOf(orphans, [1000]), report))
      events.push(...batch.map(() => 'batch' as const))
    const pages = events.filter((event) => event !== 'batch')
    expect(Math.max(...pages)).toBe(1000)
    expect(pages.reduce((sum, count) => sum + count, 0)).toBe(49_999)
    expect(events.indexOf('batch')).toBe(20)
  })

  const idHash = (k: number): string => k.toString(16).padStart(16, '0')

  it.each([
    ['in a gap', [3, 40_000], 20_000, [1]],
    ['in a gap before the first resource', [40_000], 20_000, []],
    ['after the last resource', [3], 20_000, [1]],
    ['directly before the last resource', [3], 2, [1]],
    ['directly before a full batch', Array.from({ length: 300 }, (_, k) => k + 10), 9, [256]],
  ])('ends after the page for which `until` returns true: %s', async (_where, owners, stopAt, expected) => {
    const revisions = Array.from({ length: 50_000 }, (_, k) => revisionOf(idHash(k), 'x', 1))
    const metadata = owners.map((k) => metadataOf(idHash(k), 'x'))
    const reported: string[] = []
    const calls: string[] = []
    const until = (h: string): boolean => calls.push(h) > 0 && h >= idHash(stopAt)
    const pages = pagesOf(revisions, [1000])
    const joined = await Array.fromAsync(joinPages(pagesOf(metadata, [1000]), pages, pushTo(reported), until))
    expect(joined.map(({ length }) => length)).toEqual(expected)
    expect(calls.filter((h) => h >= idHash(stopAt))).toHaveLength(1)
    expect(reported.at(-1)?.slice(0, 16)).toBe(calls.at(-1))
  })

  it('ends in a gap if `until` returns true, even if skipped revisions are not reported', async () => {
    const revisions = Array.from({ length: 5000 }, (_, k) => revisionOf(idHash(k), 'x', 1))
    const metadata = [metadataOf(idHash(3), 'x'), metadataOf(idHash(4000), 'x')]
    const until = (h: string): boolean => h >= idHash(1000)
    const joined = joinPages(pagesOf(metadata, [1]), pagesOf(revisions, [1000]), undefined, until)
    expect((await Array.fromAsync(joined)).flat().map((each) => each.metadata)).toEqual(metadata.slice(0, 1))
  })

  const batches = async (metadata: Item[], revisions: Item[]): Promise<number[]> =>
    (await Array.fromAsync(joinPages(pagesOf(metadata, [1000]), pagesOf(revisions, [1000])))).map(
      ({ length }) => length,
    )

  it('returns batches of 256 resources', async () => {
    const metadata = (count: number): Item[] => Array.from({ length: count }, (_, k) => metadataOf(idHash(k), 'a'))
    expect(await batches(metadata(600), [])).toEqual([256, 256, 88])
    expect(await batches(metadata(256), [])).toEqual([256])
    expect(await batches([], [])).toEqual([])
  })

  it('returns batches of 1 MiB', async () => {
    const metadata = Array.from({ length: 5 }, (_, k) => metadataOf(idHash(k), 'a'))
    const revisions = (size: number): Item[] => metadata.map((_, k) => revisionOf(idHash(k), 'a', 1, size - 1024))
    expect(await batches(metadata, revisions(512 * 1024))).toEqual([2, 2, 1])
    expect(await batches(metadata, revisions(512 * 1024 - 1))).toEqual([3, 2])
  })

  it('closes both streams, also if the caller stops early', async () => {
    const closed: string[] = []
    async function* traced(name: string, items: readonly Item[]): AsyncGenerator<readonly Item[]> {
      try {
        for (const item of items) {
          await Promise.resolve()
          yield [item]
        }
      } finally {
        closed.push(name)
      }
    }
    const metadata = Array.from({ length: 600 }, (_, k) => metadataOf(idHash(k), 'a'))
    const revisions = metadata.map((_, k) => revisionOf(idHash(k), 'a', 1))
    for await (const batch of joinPages(traced('metadata', metadata), traced('revisions', revisions))) {
      expect(batch).toHaveLength(256)
      break
    }
    expect(closed.sort()).toEqual(['metadata', 'revisions'])
  })
})
