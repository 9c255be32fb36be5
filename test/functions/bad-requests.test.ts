import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BAD_CHECKS } from './bad-requests/checks.ts'
import { BAD_EXPORTS } from './bad-requests/exports.ts'
import { BAD_IMPORTS } from './bad-requests/imports.ts'
import { OTHER_BAD_REQUESTS } from './bad-requests/other-routes.ts'
import { type TestApi, startTestApi } from './test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.stop())

describe('a bad request', () => {
  it.each([...BAD_CHECKS, ...BAD_EXPORTS, ...BAD_IMPORTS, ...OTHER_BAD_REQUESTS])(
    '$request is answered with $status $type $field',
    async ({ request, body, headers = {}, status, type, field, detail, isEnd = false }) => {
      const started = api.engine.started.length
      const [method, path = ''] = request.split(' ')
      const response = await fetch(api.gateway.url + path, {
        method: method ?? 'GET',
        headers,
        ...(body === undefined ? {} : { body }),
      })
      const problem = (await response.json()) as { errors?: { field: string }[]; detail: string }
      expect(problem).toMatchObject({ type, status, title: expect.any(String) as string })
      expect(response.status).toBe(status)
      expect(response.headers.get('content-type')).toBe('application/problem+json')
      if (field !== undefined) expect(problem.errors?.map((error) => error.field)).toEqual([field])
      if (detail !== undefined) expect(problem.detail).toContain(detail)
      if (isEnd) expect(problem.detail.endsWith(detail ?? '')).toBe(true)
      expect(api.engine.started).toHaveLength(started)
    },
  )

  it('with a wrong method is answered with the methods that the route accepts', async () => {
    const response = await fetch(`${api.gateway.url}/country/export`, { method: 'PUT' })
    expect(response.headers.get('allow')).toBe('GET, POST')
    // API Gateway does not pass HEAD to the routes of GET, and neither does the local program.
    const head = await fetch(`${api.gateway.url}/_backup`, { method: 'HEAD' })
    expect(head.status).toBe(405)
    expect(head.headers.get('allow')).toBe('GET')
  })
})
