import { describe, expect, it } from 'vitest'
import { BlobPathList, fileIdsAt } from '../../shared/resources/blob-paths.ts'
import { decodePayload, PayloadInstant } from '../../shared/resources/payload.ts'

const blob = (file_id: string) => ({ file_id, size: 1 })
const idsAt = (payload: unknown, ...paths: string[]): string[] => fileIdsAt(payload, paths).sort()

describe('the blobs at the paths of a payload', () => {
  const payload = {
    file: blob('file'),
    pages: [{ scan: blob('scan 0') }, { scan: null }, { other: blob('other'), scan: blob('scan 2') }],
    photos: { front: blob('front'), back: blob('back'), none: null },
    grid: [[blob('a'), blob('b')], [blob('c')]],
    tree: { file: blob('root'), replies: [{ file: blob('leaf'), replies: [{ file: blob('deep') }] }] },
  }

  it.each<[string[], string[]]>([
    [[], []],
    [['file'], ['file']],
    [['absent', 'file.absent', 'pages.absent.x'], []],
    // A path continues in each element of a list, with or without `[]`.
    [['pages.scan'], ['scan 0', 'scan 2']],
    [['pages[].scan'], ['scan 0', 'scan 2']],
    [['grid'], ['a', 'b', 'c']],
    [['grid[][]'], ['a', 'b', 'c']],
    // `*` is each member of a map or each element of a list.
    [['photos.*'], ['back', 'front']],
    [['pages.*'], ['other', 'scan 0', 'scan 2']],
    [['pages.*.scan'], ['scan 0', 'scan 2']],
    [['*.scan'], ['scan 0', 'scan 2']],
    [['grid.*.*'], ['a', 'b', 'c']],
    [['*'], ['a', 'b', 'c', 'file']],
    // `**` is any number of steps.
    [['**.file'], ['deep', 'file', 'leaf', 'root']],
    [['tree.**.file'], ['deep', 'leaf', 'root']],
    [['tree.**'], ['deep', 'leaf', 'root']],
    [['tree.replies.**.replies.file'], ['deep']],
    [['**.**.back'], ['back']],
    [['**'], ['a', 'b', 'back', 'c', 'deep', 'file', 'front', 'leaf', 'other', 'root', 'scan 0', 'scan 2']],
    // Paths may overlap. Each blob is found once.
    [
      ['file', '*', '**.file', 'pages.scan', 'pages[].scan'],
      ['a', 'b', 'c', 'deep', 'file', 'leaf', 'root', 'scan 0', 'scan 2'],
    ],
  ])('%j are found', (paths, ids) => {
    expect(idsAt(payload, ...paths)).toEqual(ids)
  })

  it('are maps whose file_id is a string that is not empty, with any other members', () => {
    const values = [
      { file_id: 'x', name: 'n' },
      { file_id: '' },
      { file_id: 7n },
      { size: 1n },
      'file_id',
      null,
      Buffer.from('x'),
    ]
    expect(idsAt({ values: [...values, new PayloadInstant('t')] }, 'values')).toEqual(['x'])
    expect(idsAt(blob('the payload'), '**')).toEqual(['the payload'])
    expect(idsAt(blob('the payload'), '*')).toEqual([])
    for (const none of [null, undefined, 'text', 7n, []]) expect(idsAt(none, '**')).toEqual([])
  })

  it('are found at paths that differ only in their dots', () => {
    const payload = { ab: blob('one step'), a: { b: blob('two steps') } }
    expect(idsAt(payload, 'ab', 'a.b')).toEqual(['one step', 'two steps'])
    expect(idsAt(payload, 'a.b', 'ab')).toEqual(['one step', 'two steps'])
  })

  it('are not found inside another blob', () => {
    expect(idsAt({ a: { file_id: 'outer', inner: blob('inner') } }, '**')).toEqual(['outer'])
    expect(idsAt({ a: { file_id: 'outer', inner: blob('inner') } }, 'a.inner')).toEqual(['inner'])
  })

  it('may have the names of members that every object has', () => {
    const decoded = decodePayload('{"__proto__":{"file_id":"a"},"constructor":{"file_id":"b"}}')
    expect(idsAt(decoded, '__proto__', 'constructor', 'toString')).toEqual(['a', 'b'])
  })

  it('can nest deeper than the call stack allows', () => {
    const deep = decodePayload(`${'[{"x":'.repeat(40_000)}{"file_id":"deep"}${'}]'.repeat(40_000)}`)
    expect(idsAt(deep, '**')).toEqual(['deep'])
    expect(idsAt(deep, '**.x.**.x')).toEqual(['deep'])
  })
})

describe('a path of blobs', () => {
  it.each([
    'a',
    'a.b',
    'a[].b',
    'a[][]',
    '*',
    '**',
    'a.*.b',
    '**.file',
    'étoile.file id',
    'a'.repeat(300),
    Array(32).fill('a').join('.'),
  ])('%j is accepted', (path) => {
    expect(BlobPathList.parse([path])).toEqual([path])
  })

  it.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '[]',
    'a[0]',
    'a[]b',
    'a*',
    '***',
    '*[]',
    'a.[].b',
    Array(33).fill('a').join('.'),
  ])('%j is rejected with the syntax of paths', (path) => {
    expect(BlobPathList.safeParse([path]).error?.issues).toMatchObject([
      {
        path: [0],
        message:
          `${JSON.stringify(path)} is not a path: at most 32 names, * or **, separated by dots; ` +
          'a name may end with []',
      },
    ])
  })

  it('is one of at most 100', () => {
    expect(BlobPathList.safeParse(Array(100).fill('a')).success).toBe(true)
    expect(BlobPathList.safeParse(Array(101).fill('a')).success).toBe(false)
  })
})
