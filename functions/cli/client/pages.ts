import * as z from 'zod'
import type { ApiClient } from './api-client.ts'
import type { Query } from './send-request.ts'

interface PagedRequest<Item extends z.ZodType> {
  readonly path: string
  readonly query?: Query
  /** The member of a response that contains the items. */
  readonly member: string
  readonly item: Item
  /** The largest number of items on a page that the route accepts. */
  readonly maxPage: number
  /** The number of items to read. By default, all are read. */
  readonly limit?: number
}

interface Page<Item> {
  readonly items: readonly Item[]
  /** The whole response. */
  readonly body: Readonly<Record<string, unknown>>
  /** True if the list may have further items. */
  readonly hasMore: boolean
}

/** Yields the pages of a list. The first page also contains the other members of the response. */
export async function* pages<Item extends z.ZodType>(
  api: ApiClient,
  { path, query = {}, member, item, maxPage, limit = Infinity }: PagedRequest<Item>,
): AsyncGenerator<Page<z.output<Item>>> {
  const Body = z.looseObject({ [member]: z.array(item), cursor: z.exactOptional(z.string()) })
  const Items = z.array(item)
  let cursor: string | undefined
  let read = 0
  for (;;) {
    const body = await api.request(Body, {
      method: 'GET',
      path,
      query: { ...query, limit: String(Math.min(maxPage, limit - read)), cursor },
    })
    const items = Items.parse(body[member])
    read += items.length
    cursor = z.string().optional().parse(body['cursor'])
    yield { items, body, hasMore: cursor !== undefined }
    if (cursor === undefined || read >= limit) return
  }
}

/** Returns the first `limit` items of a list, and whether the list may have more. */
export const listedItems = async <Item extends z.ZodType>(
  api: ApiClient,
  request: PagedRequest<Item> & { readonly limit: number },
): Promise<{ readonly items: readonly z.output<Item>[]; readonly hasMore: boolean }> => {
  const all: z.output<Item>[] = []
  let isLonger = false
  for await (const { items, hasMore } of pages(api, request)) {
    all.push(...items)
    isLonger = hasMore
  }
  return { items: all, hasMore: isLonger }
}
