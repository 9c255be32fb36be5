import { Validator } from '@seriousme/openapi-schema-validator'
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { ARCHIVES } from '../../../functions/cli/commands/archives.ts'
import { apiDocument } from '../../../functions/openapi/document.ts'
import { EXAMPLES } from '../../../functions/openapi/examples.ts'
import { OPERATIONS } from '../../../functions/openapi/operations.ts'
import { PROBLEM_TYPES } from '../../../functions/openapi/problem-schemas.ts'
import { routeKeys, ROUTES } from '../../../functions/routes.ts'
import { ERROR_TABLE } from '../../../shared/problems/error-table.ts'
import { SCHEDULE_MEMBERS, SchedulesShape } from '../../../shared/schedules/schedule.ts'
import { timesOf } from '../../../shared/schedules/times.ts'
import { must } from '../../../shared/values/must.ts'
import { checkAnswer, checkComponent, routeKeyOf } from './answer-checks.ts'

const Package = z.object({ version: z.string() })

describe('the OpenAPI document', () => {
  it('is valid', async () => {
    const { valid, errors } = await new Validator().validate({ ...apiDocument() })
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
  })

  it('contains every method of every route, and nothing else', () => {
    const routes = ROUTES.flatMap(routeKeys).sort()
    expect(Object.keys(OPERATIONS).sort()).toEqual(routes)
    const documented = Object.entries(apiDocument().paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(documented.sort()).toEqual(routes)
  })

  it('describes every parameter of a path', () => {
    for (const [key, { path = {} }] of Object.entries(OPERATIONS))
      expect([key, Object.keys(path)]).toEqual([key, [...key.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)])
  })

  it('has an operation id for each operation that no other operation has', () => {
    const ids = Object.values(apiDocument().paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    )
    expect(new Set(ids).size).toBe(Object.keys(OPERATIONS).length)
  })

  it('contains every type of problem, each at one route or more', () => {
    const types = new Set(Object.values(ERROR_TABLE).map(({ type }) => type))
    expect(new Set(PROBLEM_TYPES.keys())).toEqual(types)
    const paths = JSON.stringify(apiDocument().paths)
    // API Gateway calls no documented route for a request with another method.
    for (const type of types)
      if (type !== 'method-not-allowed') expect([type, paths.includes(`\`${type}\``)]).toEqual([type, true])
  })

  it('has the version of the package', async () => {
    const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8')
    expect(apiDocument().info['version']).toBe(Package.parse(JSON.parse(text)).version)
  })

  it('refers only to components that it contains', () => {
    const references = JSON.stringify(apiDocument()).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)
    const names = [...references].map(([, name = '']) => name)
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) expect(apiDocument().components.schemas).toHaveProperty([name])
  })

  it('contains an example of each response, and each example is valid', () => {
    for (const [id, example] of Object.entries(EXAMPLES)) checkComponent(id, example)
    for (const [key, { answers }] of Object.entries(OPERATIONS)) {
      // The document is an example of itself.
      if (answers[200]?.content?.['application/json'] === undefined || key.endsWith('openapi.json')) continue
      const [method = '', path = ''] = key.split(' ')
      const responses = JSON.stringify(apiDocument().paths[path]?.[method.toLowerCase()]?.['responses'])
      const ids = [...responses.matchAll(/schemas\/(\w+)"/g)].map(([, id = '']) => id)
      expect([key, ids.some((id) => !id.endsWith('Problem') && Object.hasOwn(EXAMPLES, id))]).toEqual([key, true])
    }
  })

  it('contains only examples of schedules that the settings accept', () => {
    const ScheduleExample = z.looseObject({ cron: z.string(), next_at: z.string() })
    const lists = Object.values(EXAMPLES).flatMap(
      (example) => z.object({ schedules: z.array(z.unknown()) }).safeParse(example).data?.schedules ?? [],
    )
    const examples = [EXAMPLES['Schedule'], ...lists].map((example) => ScheduleExample.parse(example))
    expect(examples.length).toBeGreaterThan(1)
    const members = new Set(SCHEDULE_MEMBERS)
    for (const example of examples) {
      const setting = Object.fromEntries(Object.entries(example).filter(([name]) => members.has(name)))
      const [schedule] = SchedulesShape.parse([setting])
      expect(timesOf(must(schedule).timing).next(new Date('2026-01-05T08:30:00Z'))?.toISOString()).toBe(example.next_at)
    }
  })

  it('contains a valid example of each request body that starts a job', () => {
    for (const path of ['/_backup/export', '/_backup/import', '/_backup/check']) {
      const { requestBody } = z
        .object({
          requestBody: z.object({ content: z.record(z.string(), z.looseObject({ example: z.unknown().optional() })) }),
        })
        .parse(apiDocument().paths[path]?.['post'])
      const example = requestBody.content['application/json']?.example
      expect([path, example]).toEqual([path, expect.any(Object)])
      const body = OPERATIONS[`POST ${path}`]?.body?.['application/json']
      if (body === undefined || typeof body === 'string') expect.fail('the route has no body')
      else expect([path, body.safeParse(example).error]).toEqual([path, undefined])
    }
  })

  it('explains every parameter', () => {
    for (const methods of Object.values(apiDocument().paths))
      for (const { parameters } of Object.values(methods))
        for (const parameter of Parameters.parse(parameters)) expect(parameter).toHaveProperty('description')
  })
})

const Parameters = z.array(z.looseObject({ name: z.string(), description: z.string().optional() }))

describe('the parameters of the list of archives', () => {
  it('state that `from` is inclusive and `to` is exclusive, as the search is', () => {
    const parameters = Parameters.parse(apiDocument().paths['/_backup/archives']?.['get']?.['parameters'])
    const descriptionOf = (name: string) => parameters.find((parameter) => parameter.name === name)?.description
    expect(descriptionOf('from')).toBe('Only archives created at this time or later')
    expect(descriptionOf('to')).toBe('Only archives created before this time')
    const options = new Map(ARCHIVES.options?.map(({ long, description }) => [long, description]))
    expect(options.get('--from')).toBe('list only archives that were created at this time or later')
    expect(options.get('--to')).toBe('list only archives that were created before this time')
  })
})

describe('checkAnswer', () => {
  const job = {
    job_id: 'j1',
    kind: 'check',
    status: 'queued',
    source: 'api',
    requested_by: 'local',
    created_at: '2026-11-30T00:00:00.000Z',
    request: { archive: { bucket: 'b', key: 'k' } },
    links: { self: '/_backup/jobs/j1' },
  }
  const answerWith = (body: unknown, status = 200, contentType = 'application/json') => ({
    status,
    contentType,
    body: JSON.stringify(body),
  })
  const KEY = 'GET /_backup/jobs/{job_id}'

  it('accepts a response that the document contains', () => {
    checkAnswer(KEY, answerWith(job))
    checkAnswer(KEY, { status: 403, contentType: 'application/json', body: '{"message":"Forbidden"}' })
  })

  it.each([
    ['another status', answerWith(job, 201), 'responded with 201'],
    ['another content type', answerWith(job, 200, 'text/plain'), 'the content type text/plain'],
    ['an unknown member', answerWith({ ...job, extra: 1 }), 'additional properties'],
    ['a missing member', answerWith({ ...job, links: undefined }), 'must have required property'],
    ['no body', { status: 200, contentType: 'application/json', body: '' }, 'without a body'],
    [
      'a problem of another route',
      answerWith({ type: 'unknown-schedule', title: 't', status: 404, detail: 'd' }, 404, 'application/problem+json'),
      'does not allow',
    ],
  ])('rejects %s', (_, answer, message) => {
    expect(() => {
      checkAnswer(KEY, answer)
    }).toThrow(message)
  })

  it('is called for the route whose literal segments match', () => {
    expect(routeKeyOf('GET', '/_backup/export?wait=0')).toBe('GET /_backup/export')
    expect(routeKeyOf('GET', '/country/export')).toBe('GET /{model}/export')
    expect(routeKeyOf('GET', '/country')).toBeUndefined()
  })
})
