/**
 * The largest size of the listed objects of a page in bytes, in the form in which Lambda returns them
 * (`bytesInResponse`). Lambda limits a response to 6 MB. The rest is for the headers and the frame of the page.
 */
export const MAX_PAGE_BYTES = 5.5 * 1024 * 1024

/**
 * Returns the size of an object in the response of a Lambda function. The response contains the body as a JSON string,
 * so each quotation mark and each backslash of the body takes two bytes. An object is therefore up to twice as large as
 * its JSON.
 */
export const bytesInResponse = (value: object): number => Buffer.byteLength(JSON.stringify(JSON.stringify(value)))
