import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { routeKeys, ROUTES } from '../../functions/routes.ts'
import { OPERATOR_NAMES } from '../../shared/filters/operators.ts'
import { FIELD_METHODS } from '../../shared/filters/qb/field-methods.ts'
import { QB, QUERY_METHODS } from '../../shared/filters/qb/query.ts'
import { JOB_STATUSES } from '../../shared/jobs/job.ts'
import { ERROR_TABLE } from '../../shared/problems/error-table.ts'
import { FILTER_SHAPE } from '../../shared/requests/filter-parameters.ts'
import { must } from '../../shared/values/must.ts'

describe('API.md', () => {
  let document: string

  /** The text under a heading, up to the next heading of the same or a higher level. */
  const section = (heading: string): string => {
    const level = /^#+/.exec(heading)?.[0].length ?? 0
    const text = must(document.split(`\n${heading}\n`)[1])
    return must(text.split(new RegExp(`\n#{1,${level}} `))[0])
  }

  beforeAll(async () => {
    document = await readFile(new URL('../../functions/API.md', import.meta.url), 'utf8')
  })

  it('lists every route', () => {
    const routes = section('## Routes at a glance')
      .matchAll(/^\| (`GET`, )?`(GET|HEAD|POST) (\/\S+)`/gm)
      .flatMap(([, get, method = '', path = '']) => [
        ...(get === undefined ? [] : [`GET ${path}`]),
        `${method} ${path}`,
      ])
    expect([...routes].sort()).toEqual(ROUTES.flatMap(routeKeys).sort())
  })

  it('lists every type of problem under its status', () => {
    const problems = section('## Problems')
    const documented = problems.split('\n### ').slice(1)
    const types = documented.flatMap((text) =>
      [...text.matchAll(/^- `([a-z-]+)`: /gm)].map(([, type]) => `${text.slice(0, 3)} ${type ?? ''}`),
    )
    const inTable = Object.values(ERROR_TABLE).map(({ status, type }) => `${status} ${type}`)
    expect(types.sort()).toEqual([...new Set(inTable)].sort())
  })

  it('explains every filter', () => {
    const parameters = section('### Filter parameters')
    for (const name of Object.keys(FILTER_SHAPE)) expect(parameters).toContain(`\`${name}\``)
    const operators = section('#### Operators')
    for (const operator of OPERATOR_NAMES) expect(operators).toMatch(new RegExp(`^- .*\`${operator}\`.*:`, 'm'))
    const expressions = section('### Query expressions (`qb`)')
    for (const name of [...FIELD_METHODS.keys(), ...QUERY_METHODS.keys()]) expect(expressions).toContain(`${name}(`)
    for (const name of QB.members.keys()) expect(expressions).toContain(`QB.${name}(`)
  })

  it('explains every status of a job', () => {
    for (const status of JOB_STATUSES) expect(section('### The job object')).toContain(`\`${status}\``)
  })
})
