import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Item } from '../../shared/tables/item.ts'
import { joinPages, type JoinedResource } from '../../shared/resources/resource-join.ts'
import { compareBytes } from '../../shared/values/text-order.ts'

const metadataOf = (place: string, id: string): Item => ({ sk: { S: `${place}/${id}` }, resource_id: { S: id } })
const revisionOf = (place: string, id: string, n: number, size = 10): Item => ({
  sk: { S: `${place}/${id}/${n.toString().padStart(10, '0')}/-` },
  data_size: { N: size.toString() },
})
const sk = (item: Item): string => item['sk']?.S ?? ''
const sorted = (items: Item[]): Item[] => items.sort((a, b) => compareBytes(sk(a), sk(b)))

/** Cuts a stream into pages of uneven length, some of them empty. */
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

describe('joining metadata and revisions', () => {
  it('gives each resource its own revisions, however the pages are cut', async () => {
    const resource = fc.record({
      place: fc.integer({ min: 0, max: 0xffffff }),
      revisions: fc.nat(5),
      metadata: fc.boolean(),
    })
    const lengths = fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 1 }).filter((all) => all.some((n) => n > 0))
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(resource, { selector: ({ place }) => place }), lengths, async (made, cuts) => {
        const all = made.map((each) => ({
          ...each,
          h: each.place.toString(16).padStart(16, '0'),
          id: `id ${each.place}`,
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

  it('leaves the revisions of two ids with one place to be read by themselves', async () => {
    const h = '8'.repeat(16)
    // `a!` stands after `a` among metadata and before it among revisions.
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

  it('does not hold a resource of more than 4 MiB', async () => {
    const h = '1'.repeat(16)
    const revisions = Array.from({ length: 20 }, (_, n) => revisionOf(h, 'large', n, 300_000))
    const joined = await join([metadataOf(h, 'large'), metadataOf('2'.repeat(16), 'next')], revisions)
    expect(joined.map(({ revisions: held }) => held?.length)).toEqual([undefined, 0])
  })

  const one = '1'.repeat(16)
  const two = '2'.repeat(16)
  const held = (joined: readonly JoinedResource[]): (number | undefined)[] =>
    joined.map(({ revisions }) => revisions?.length)

  it('holds a resource of 4 MiB, a KiB beside each payload', async () => {
    const whole = (size: number): Item[] => [revisionOf(one, 'a', 1, size), revisionOf(one, 'a', 2, 2 * 1024 * 1024)]
    const edge = 2 * 1024 * 1024 - 2 * 1024
    expect(held(await join([metadataOf(one, 'a')], whole(edge)))).toEqual([2])
    expect(held(await join([metadataOf(one, 'a')], whole(edge + 1)))).toEqual([undefined])
  })

  it('does not count a payload that is spilled, nor one of no size', async () => {
    const spilled = Array.from({ length: 20 }, (_, n) => ({
      ...revisionOf(one, 'a', n, 1024 * 1024),
      data_spilled: { BOOL: true },
    }))
    expect(held(await join([metadataOf(one, 'a')], spilled))).toEqual([20])
    const { sk: key = { S: '' } } = revisionOf(one, 'a', 1)
    expect(held(await join([metadataOf(one, 'a')], [{ sk: key }]))).toEqual([1])
  })

  it('passes over revisions that no metadata claims', async () => {
    const revisions = [revisionOf('0'.repeat(16), 'z', 1), revisionOf(one, 'ab', 1), revisionOf(one, 'a', 1)]
    expect(
      held(
        await join([metadataOf(one, 'a'), metadataOf(two, 'b')], [...revisions, revisionOf('3'.repeat(16), 'c', 1)]),
      ),
    ).toEqual([1, 0])
    expect(await join([], revisions)).toEqual([])
  })

  const batches = async (metadata: Item[], revisions: Item[]): Promise<number[]> =>
    (await Array.fromAsync(joinPages(pagesOf(metadata, [1000]), pagesOf(revisions, [1000])))).map(
      ({ length }) => length,
    )
  const placed = (k: number): string => k.toString(16).padStart(16, '0')

  it('hands on 256 resources at once', async () => {
    const metadata = (count: number): Item[] => Array.from({ length: count }, (_, k) => metadataOf(placed(k), 'a'))
    expect(await batches(metadata(600), [])).toEqual([256, 256, 88])
    expect(await batches(metadata(256), [])).toEqual([256])
    expect(await batches([], [])).toEqual([])
  })

  it('hands on 4 MiB at once', async () => {
    const metadata = Array.from({ length: 5 }, (_, k) => metadataOf(placed(k), 'a'))
    const revisions = (size: number): Item[] => metadata.map((_, k) => revisionOf(placed(k), 'a', 1, size - 1024))
    expect(await batches(metadata, revisions(2 * 1024 * 1024))).toEqual([2, 2, 1])
    expect(await batches(metadata, revisions(2 * 1024 * 1024 - 1))).toEqual([3, 2])
  })

  it('closes both streams, also where nobody reads to their end', async () => {
    const closed: string[] = []
    async function* told(name: string, items: readonly Item[]): AsyncGenerator<readonly Item[]> {
      try {
        for (const item of items) {
          await Promise.resolve()
          yield [item]
        }
      } finally {
        closed.push(name)
      }
    }
    const metadata = Array.from({ length: 600 }, (_, k) => metadataOf(placed(k), 'a'))
    const revisions = metadata.map((_, k) => revisionOf(placed(k), 'a', 1))
    for await (const batch of joinPages(told('metadata', metadata), told('revisions', revisions))) {
      expect(batch).toHaveLength(256)
      break
    }
    expect(closed.sort()).toEqual(['metadata', 'revisions'])
  })
})
