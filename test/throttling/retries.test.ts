import { type DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import { dynamoDB, s3 } from '../../shared/runtime/clients.ts'
import {
  callContext,
  type Guard,
  whileStoring,
  withCallBudget,
  withGuard,
  withPassContext,
} from '../../shared/throttling/call-context.ts'
import { ThrottledCalls } from '../../shared/throttling/throttled-calls.ts'
import { ThrottledError } from '../../shared/throttling/throttled-error.ts'
import { fakeService, THROTTLED } from './fake-service.ts'
import { VirtualClock } from './virtual-clock.ts'

const OPTIONS = {
  region: 'eu-west-1',
  endpoint: 'http://localhost:1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
}
const get = () => new GetItemCommand({ TableName: 'resources', Key: { pk: { S: 'a' } } })
const read = () => new GetObjectCommand({ Bucket: 'blobs', Key: 'a' })
const head = () => new HeadObjectCommand({ Bucket: 'blobs', Key: 'a' })
const MINUTES = 60_000

let clock: VirtualClock
beforeEach(() => {
  clock = VirtualClock.install()
})
afterEach(() => {
  clock.uninstall()
})

/** The error with which a promise rejects. */
const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('a throttled call', () => {
  it('is repeated until it succeeds, also after hundreds of attempts', async () => {
    const client = dynamoDB(OPTIONS)
    const service = fakeService(client, (n) => (n <= 200 ? THROTTLED.dynamoDb : { status: 200, body: '{}' }))
    await clock.run(withCallBudget({ ms: 15 * MINUTES }, () => client.send(get())))
    expect(service.attempts).toBe(201)
    expect(clock.now).toBeLessThan(10 * MINUTES)
  })

  it.each([
    ['SlowDown', THROTTLED.s3, 'GetObject'],
    ['status 503 without a body', THROTTLED.s3Head, 'HeadObject'],
    ['status 429', { status: 429, body: '' }, 'HeadObject'],
    [
      'an error of KMS',
      { status: 400, body: '<Error><Code>KMS.ThrottlingException</Code><Message>slow</Message></Error>' },
      'GetObject',
    ],
    [
      'ServiceUnavailable with a message about the rate',
      { status: 500, body: '<Error><Code>Any</Code><Message>Please reduce your request rate.</Message></Error>' },
      'GetObject',
    ],
  ])('of S3 is recognized by %s', async (_name, throttled, operation) => {
    const client = s3(OPTIONS)
    const service = fakeService(client, (n) => (n <= 20 ? throttled : { status: 200, body: '' }))
    await clock.run(
      withCallBudget({ ms: 15 * MINUTES }, async () => {
        await (operation === 'GetObject' ? client.send(read()) : client.send(head()))
      }),
    )
    expect(service.attempts).toBe(21)
  })

  it('fails at the end of the budget, and the error states the operation, the target and the time', async () => {
    const client = dynamoDB(OPTIONS)
    fakeService(client, () => THROTTLED.dynamoDb)
    const error = await clock.run(errorOf(withCallBudget({ ms: 2 * MINUTES }, () => client.send(get()))))
    expect(error).toBeInstanceOf(ThrottledError)
    expect(error).toMatchObject({
      service: 'DynamoDB',
      operation: 'GetItem',
      target: 'table resources',
    })
    expect(error).toHaveProperty('cause.name', 'ProvisionedThroughputExceededException')
    expect(clock.now / MINUTES).toBeCloseTo(2, 1)
  })

  it('fails after five seconds outside of any context, and after the time for one call', async () => {
    const client = s3(OPTIONS)
    fakeService(client, () => THROTTLED.s3Head)
    expect(await clock.run(errorOf(client.send(head())))).toBeInstanceOf(ThrottledError)
    expect(clock.now).toBeCloseTo(5_000, -2)
    const perCall = withCallBudget({ ms: MINUTES, perCallMs: 3_000 }, () => errorOf(client.send(head())))
    expect(await clock.run(perCall)).toBeInstanceOf(ThrottledError)
    expect(clock.now).toBeCloseTo(8_000, -2)
  })

  it('can use additional time while a result is stored', async () => {
    const client = s3(OPTIONS)
    fakeService(client, () => (clock.now < 10_000 ? THROTTLED.s3Head : { status: 200, body: '' }))
    const pass = async (): Promise<unknown> => {
      const error = await errorOf(client.send(head()))
      await whileStoring(() => client.send(head()))
      return error
    }
    const error = await clock.run(withCallBudget({ ms: 5_000, storeMs: 60_000 }, pass))
    expect(error).toBeInstanceOf(ThrottledError)
  })

  it('fails at once if the job has ended', async () => {
    const client = dynamoDB(OPTIONS)
    fakeService(client, () => THROTTLED.dynamoDb)
    const controller = new AbortController()
    const ended = new Error('the job has ended')
    setTimeout(() => {
      controller.abort(ended)
    }, 7_000)
    const pass = { signal: controller.signal, throttled: new ThrottledCalls() }
    const calls = withCallBudget({ ms: 15 * MINUTES }, () =>
      withPassContext(pass, () => Promise.all(Array.from({ length: 5 }, () => errorOf(client.send(get()))))),
    )
    expect(await clock.run(calls)).toEqual(Array.from({ length: 5 }, () => ended))
    expect(clock.now).toBe(7_000)
  })

  it('is counted by operation and table', async () => {
    const client = dynamoDB(OPTIONS)
    fakeService(client, (n) => (n <= 30 ? THROTTLED.dynamoDb : { status: 200, body: '{}' }))
    const counted = await clock.run(
      withCallBudget({ ms: 15 * MINUTES }, async () => {
        await client.send(get())
        return callContext().throttled
      }),
    )
    const expected = [{ by: 'DynamoDB table resources', operation: 'GetItem', attempts: 30 }]
    expect(counted.take()).toMatchObject(expected)
    expect(counted.take()).toEqual([])
    expect(counted.totals).toMatchObject(expected)
  })
})

describe('a deletion of many objects', () => {
  const errors = (...keys: readonly string[]): string =>
    keys.map((key) => `<Error><Key>${key}</Key><Code>SlowDown</Code><Message>slow</Message></Error>`).join('')
  const respondTo = (failing: string) => ({ status: 200, body: `<DeleteResult>${failing}</DeleteResult>` })

  it('sends the keys again that were throttled, and no others', async () => {
    const client = s3(OPTIONS)
    const sent: string[][] = []
    fakeService(client, (n, body) => {
      sent.push([...body.matchAll(/<Key>(\w+)<\/Key>/g)].map(([, key = '']) => key))
      return respondTo(n === 1 ? errors('b', 'c') : n < 20 ? errors('b') : '')
    })
    const store = new ObjectStore(client)
    await clock.run(withCallBudget({ ms: 15 * MINUTES }, () => store.delete('work', ['a', 'b', 'c'])))
    expect(sent.slice(0, 3)).toEqual([['a', 'b', 'c'], ['b', 'c'], ['b']])
    expect(sent).toHaveLength(20)
  })

  it('fails if keys are throttled until the end of the budget, or cannot be deleted for another reason', async () => {
    const client = s3(OPTIONS)
    const store = new ObjectStore(client)
    fakeService(client, () => respondTo(errors('a')))
    const error = await clock.run(errorOf(withCallBudget({ ms: MINUTES }, () => store.delete('work', ['a']))))
    expect(error).toMatchObject({ name: 'ThrottledError', operation: 'DeleteObjects', target: 'bucket work' })
    fakeService(client, () => respondTo(errors('a').replace('SlowDown', 'AccessDenied')))
    expect(await clock.run(errorOf(store.delete('work', ['a'])))).toMatchObject({
      message: 's3://work/a was not deleted: AccessDenied slow',
    })
  })
})

describe('a call that fails for another reason', () => {
  it('is sent at most five times, however often it was throttled before', async () => {
    const client = dynamoDB(OPTIONS)
    const service = fakeService(client, (n) =>
      n <= 50 ? THROTTLED.dynamoDb : { status: 500, body: '{"__type":"InternalServerError"}' },
    )
    const error = await clock.run(errorOf(withCallBudget({ ms: 15 * MINUTES }, () => client.send(get()))))
    expect(error).toMatchObject({ name: 'InternalServerError' })
    expect(service.attempts).toBe(55)
  })

  it('is not repeated if a repetition cannot help', async () => {
    const client = dynamoDB(OPTIONS)
    const service = fakeService(client, () => ({ status: 400, body: '{"__type":"ValidationException"}' }))
    const query = new QueryCommand({ TableName: 'resources' })
    expect(await clock.run(errorOf(client.send(query)))).toMatchObject({ name: 'ValidationException' })
    expect(service.attempts).toBe(1)
  })
})

describe('the guard of a write', () => {
  const put = (client: DynamoDBClient, guard: Guard) =>
    withGuard(guard, () => client.send(new PutItemCommand({ TableName: 'resources', Item: { pk: { S: 'a' } } })))

  it('runs before every attempt, and ends the attempts if it throws', async () => {
    const client = dynamoDB(OPTIONS)
    const service = fakeService(client, () => THROTTLED.dynamoDb)
    const lost = new Error('the lease was lost')
    let checks = 0
    const guard = (): Promise<void> => {
      checks += 1
      return checks > 20 ? Promise.reject(lost) : Promise.resolve()
    }
    const error = await clock.run(errorOf(withCallBudget({ ms: 15 * MINUTES }, () => put(client, guard))))
    expect(error).toBe(lost)
    expect([checks, service.attempts]).toEqual([21, 20])
  })

  it('ends the attempts if it was throttled itself', async () => {
    const client = dynamoDB(OPTIONS)
    const service = fakeService(client, () => ({ status: 200, body: '{}' }))
    const throttled = new ThrottledError({ service: 'DynamoDB', operation: 'UpdateItem' }, 1, new Error('slow'))
    const error = await clock.run(errorOf(put(client, () => Promise.reject(throttled))))
    expect(error).toBe(throttled)
    expect(service.attempts).toBe(0)
  })

  it('does not guard its own calls, and does not recur', async () => {
    const client = dynamoDB(OPTIONS)
    const service = fakeService(client, () => ({ status: 200, body: '{}' }))
    const guard = async (): Promise<void> => {
      await client.send(get())
    }
    await clock.run(put(client, guard))
    expect(service.attempts).toBe(2)
  })
})
