import { describe, expect, it } from 'vitest'
import { cli, jsonLines } from './cli-run.ts'
import { fakeApi } from './fake-api.ts'

/** Returns the names of the fields of a request, in order. The members of `from` are fields, too. */
const fieldsOf = (url: string, body: string): string[] => {
  const members: Readonly<Record<string, unknown>> = body === '' ? {} : (JSON.parse(body) as Record<string, unknown>)
  const names = Object.entries(members).flatMap(([name, value]) =>
    name === 'from' && typeof value === 'object' && value !== null
      ? ['from', ...Object.keys(value).map((member) => `from.${member}`)]
      : [name],
  )
  return [...new Set([...new URL(url, 'http://localhost').searchParams.keys(), ...names])]
}

/** Runs a command whose request the API rejects because of all of its fields. */
const rejected = async (args: readonly string[]): Promise<{ text: string; json: string }> => {
  const api = await fakeApi((request, body) => {
    const errors = fieldsOf(request.url ?? '', body).map((field) => ({ field, message: 'is wrong' }))
    const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ')
    return {
      status: 400,
      body: { type: 'invalid-request', title: 'The request is not valid', status: 400, detail, errors },
    }
  })
  try {
    const text = await cli([...args, '--endpoint', api.url])
    const json = await cli([...args, '--endpoint', api.url, '--json'])
    expect([text.code, json.code]).toEqual([2, 2])
    return { text: text.stderr, json: json.stderr }
  } finally {
    await api.stop()
  }
}

const JOB = 'f6c930a7-2473-4cd3-b740-dbdbf7276118'

describe('a field that the API rejects', () => {
  // The user cannot change `wait` and `cursor`.
  it.each<[command: string, names: string[]]>([
    [
      'export -m city --filter ids=a --filter is_deleted=true --no-strict',
      ['wait', '--model', '--filter ids', '--filter is_deleted', '--format', '--no-strict'],
    ],
    [
      'restore s3://bucket/key?versionId=v --filter qb=x --on-duplicate skip -n --no-strict',
      ['wait', '--filter qb', '--on-duplicate', '--dry-run', '--no-strict', 'archive', 'archive', 'archive', 'archive'],
    ],
    [
      `restore ${JOB} --only city/a --yes`,
      ['wait', '--only or --filter ids', '--on-duplicate', '--dry-run', '--no-strict', 'archive', 'archive'],
    ],
    ['verify s3://bucket/key', ['wait', 'archive', 'archive', 'archive']],
    [`diff ${JOB} --live`, ['wait', 'on_duplicate', 'dry_run', 'old', 'old']],
    [
      'archives --schedule nightly --model city --complete --from now --to then',
      ['--schedule', '--model', '--complete', '--from', '--to', '--limit'],
    ],
    ['archives --latest --incomplete --model city', ['--model', '--complete']],
    ['jobs --kind export --status failed', ['--kind', '--status', '--limit']],
    ['schedules pause nightly --reason x', ['--days', '--reason']],
  ])('has the name of the argument or option in the text of: %s', async (command, names) => {
    const { text, json } = await rejected(command.split(' '))
    expect([...text.matchAll(/^ {2}(.*): is wrong$/gm)].map(([, name]) => name).sort()).toEqual(names.sort())
    expect(jsonLines(json)).toMatchObject([
      { error: { errors: names.map(() => ({ field: expect.any(String) as string })) } },
    ])
    expect(json).not.toContain('--')
  })

  it('has the name of the argument if it is the only one', async () => {
    const { text } = await rejected(['archives', '--latest', '--model', 'city'])
    expect(text).toBe('error: The request is not valid: --model: is wrong\n')
  })
})
