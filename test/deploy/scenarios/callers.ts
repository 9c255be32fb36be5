import { expect, it } from 'vitest'
import { sendHttps } from '../aws/https.ts'
import type { DeployTest } from '../deploy-test.ts'

const FORBIDDEN = { status: 403, body: { message: expect.any(String) as string } }

/** Who may call the API. */
export const callers = (test: () => DeployTest): void => {
  it('rejects a request without a signature', async () => {
    const { main, state } = test()
    const url = new URL('/_backup/jobs', await main.apiUrl())
    expect(await sendHttps(state.address, { method: 'GET', url })).toMatchObject({ status: 403 })
  })

  it('rejects a signature with a wrong secret key', async () => {
    const { main, state } = test()
    const api = await main.api({ ...state.operator, secretAccessKey: 'wrong' })
    expect(await api.request('GET', '/_backup/jobs')).toMatchObject(FORBIDDEN)
  })

  it('rejects a user without permission to call the API', async () => {
    const { main, state } = test()
    const api = await main.api(state.stranger)
    for (const path of ['/_backup/jobs', '/_backup/export', '/city/export', '/no/such/path'])
      expect(await api.request('GET', path), path).toMatchObject(FORBIDDEN)
    expect(await api.request('POST', '/_backup/import')).toMatchObject(FORBIDDEN)
  })

  it('lets a user call only the routes in the policy of the user', async () => {
    const { main, state } = test()
    const api = await main.api(state.reader)
    expect(await api.request('GET', '/_backup/jobs')).toMatchObject({ status: 200 })
    expect(await api.request('GET', '/_backup/export')).toMatchObject(FORBIDDEN)
  })

  it('answers an operator, also for paths that do not exist', async () => {
    const api = await test().main.api()
    expect(await api.request('GET', '/_backup/jobs')).toMatchObject({ status: 200 })
    expect(await api.request('GET', '/no/such/path')).toMatchObject({ status: 404, body: { type: 'not-found' } })
  })
}
