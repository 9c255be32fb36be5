import { Busboy } from '@fastify/busboy'
import { finished } from 'node:stream/promises'
import { looksLikeJson } from '../../shared/archive/foreign-file.ts'
import { type FieldError, InvalidRequestError } from '../../shared/requests/errors.ts'
import { TooLargeError } from './errors.ts'
import { errorMessage } from '../../shared/values/error-message.ts'

const FIELD = 'file'
export const PARAMETERS_IN_QUERY = 'Parameters belong in the query, for example ?on_duplicate=skip'

/**
 * Returns the bytes of the field `file` of a multipart form. Throws `InvalidRequestError` if the form cannot be read,
 * if the field is missing, empty or repeated, or if the form has other fields. Throws `TooLargeError` if the field
 * `file` has more than `limitBytes` bytes.
 */
export const fileOfForm = async (body: Buffer, contentType: string, limitBytes: number): Promise<Buffer> => {
  const files: Buffer[] = []
  const others: string[] = []
  const form = formReader(contentType, limitBytes)
  const state = { isTooLarge: false, isCutOff: false }
  form.on('file', (name, stream) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('limit', () => {
      if (name === FIELD) state.isTooLarge = true
    })
    // If the form is cut off, the stream of the form and the stream of the file both fail. The form's error is
    // reported, because its message is clearer.
    stream.on('error', () => {
      state.isCutOff = true
    })
    stream.on('end', () => {
      if (name === FIELD) files.push(Buffer.concat(chunks))
      else others.push(name)
    })
  })
  form.on('field', (name) => others.push(name))
  // Start to observe the form before calling `end`, because `end` may fail immediately.
  const read = finished(form)
  form.end(body)
  await read.catch((error: unknown) => {
    throw unreadable(error)
  })
  if (state.isCutOff) throw unreadable(new Error('the form is cut off'))
  if (state.isTooLarge) throw new TooLargeError(limitBytes)
  return onlyFile(files, others)
}

const formReader = (contentType: string, limitBytes: number) => {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      limits: { fileSize: limitBytes, files: 8, fields: 8 },
      // Some clients send the field without a file name.
      isPartAFile: (name, _type, fileName) => name === FIELD || fileName !== undefined,
    })
  } catch (error) {
    throw unreadable(error)
  }
}

const onlyFile = (files: readonly Buffer[], others: readonly string[]): Buffer => {
  const [file, second] = files
  const errors: FieldError[] = others.map((field) => ({
    field,
    message: `unknown field of the form; the only field is \`${FIELD}\`. ${PARAMETERS_IN_QUERY}`,
  }))
  const invalid = (message: string): number => errors.push({ field: FIELD, message })
  if (file === undefined) invalid(`the form must have a field \`${FIELD}\` with the archive`)
  else if (second !== undefined) invalid('must be given once: a request restores one archive')
  else if (file.length === 0) invalid('is empty')
  else if (looksLikeJson(file))
    invalid('is JSON, not an archive. To restore an archive in S3, send the JSON as the body, without a form')
  if (file === undefined || errors.length > 0) throw new InvalidRequestError(errors)
  return file
}

const unreadable = (error: unknown): InvalidRequestError => {
  const reason = errorMessage(error)
  const hint = reason.includes('Boundary not found')
    ? '; the header Content-Type must contain the boundary: let the HTTP client set the header'
    : ''
  return new InvalidRequestError([{ field: 'body', message: `the form cannot be read: ${reason}${hint}` }])
}
