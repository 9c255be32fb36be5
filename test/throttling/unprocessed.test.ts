import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ResourceWriter } from '../../shared/resources/aws/resource-writer.ts'
import { dynamoDB } from '../../shared/runtime/clients.ts'
import { batchGet } from '../../shared/tables/aws/query.ts'
import { callContext, withCallBudget } from '../../shared/throttling/call-context.ts'
import { ThrottledError } from '../../shared/throttling/throttled-error.ts'
import { isUnprocessed } from '../../shared/throttling/unprocessed.ts'
import { fakeService } from './fake-service.ts'
import { VirtualClock } from './virtual-clock.ts'

const OPTIONS = {
  region: 'eu-west-1',
  endpoint: 'http://localhost:1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
}
const KEYS = ['a', 'b'].map((sk) => ({ pk: 'p', sk }))
const ITEMS = KEYS.map(({ pk, sk }) => ({ pk: { S: pk }, sk: { S: sk } }))

let clock: VirtualClock
beforeEach(() => {
  clock = VirtualClock.install()
})
afterEach(() => {
  clock.uninstall()
})

/** Returns the request of a batch as unprocessed. */
const unprocessed = (body: string) => {
  const { RequestItems } = JSON.parse(body) as { readonly RequestItems: object }
  const member = body.includes('"Keys"') ? 'UnprocessedKeys' : 'UnprocessedItems'
  return { status: 200, body: JSON.stringify({ [member]: RequestItems }) }
}

describe.each([
  ['BatchWriteItem', (client: ReturnType<typeof dynamoDB>) => new ResourceWriter(client, 't').put(ITEMS[0] ?? {})],
  ['BatchGetItem', (client: ReturnType<typeof dynamoDB>) => batchGet(client, 't', KEYS)],
])('a batch of %s that DynamoDB does not process', (operation, send) => {
  it('is sent again until it is processed, and counts as throttled', async () => {
    const client = dynamoDB(OPTIONS)
    const service = fakeService(client, (n, body) => (n <= 50 ? unprocessed(body) : { status: 200, body: '{}' }))
    const counted = await clock.run(
      withCallBudget({ ms: 900_000 }, async () => {
        await send(client)
        return callContext().throttled.totals
      }),
    )
    expect(service.attempts).toBe(51)
    expect(counted).toMatchObject([{ by: 'DynamoDB table t', operation, attempts: 50 }])
  })

  it('fails at the end of the budget', async () => {
    const client = dynamoDB(OPTIONS)
    fakeService(client, (_n, body) => unprocessed(body))
    const sent = withCallBudget({ ms: 60_000 }, () => send(client)).then(
      () => undefined,
      (error: unknown) => error,
    )
    const error = await clock.run(sent)
    expect(error).toBeInstanceOf(ThrottledError)
    expect(error).toMatchObject({ service: 'DynamoDB', operation, target: 'table t' })
    expect(clock.now).toBeGreaterThan(59_000)
    expect(clock.now).toBeLessThan(62_000)
  })
})

it('a batch of which DynamoDB has processed a part does not count as unprocessed', () => {
  const input = { RequestItems: { t: { Keys: ITEMS } } }
  expect(isUnprocessed(input, { UnprocessedKeys: { t: { Keys: ITEMS } } })).toBe(true)
  expect(isUnprocessed(input, { UnprocessedKeys: { t: { Keys: ITEMS.slice(1) } } })).toBe(false)
  expect(isUnprocessed({ TableName: 't' }, {})).toBe(false)
})
