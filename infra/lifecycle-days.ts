/*
 * The days after which S3 deletes what the deployment no longer needs. On AWS, lifecycle rules of the buckets do this;
 * the local S3 service does the same.
 */

/** A job takes about four days at most; the rest is time to examine the work files of a job that failed. */
export const WORK_DAYS = 7
/** Composing or uploading an archive of hundreds of gigabytes takes hours. */
export const UNFINISHED_UPLOAD_DAYS = 2
