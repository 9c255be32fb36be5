"""
S3 returns the requested range of an object version. The emulator ignores `Range` in a `GetObject` request with
`versionId` and returns the whole object.
"""

from ministack.services import s3


def close():
    get_object = s3._get_object

    def get_range(bucket, key, headers, query_params=None):
        status, answer_headers, body = get_object(bucket, key, headers, query_params)
        wanted = headers.get("range", "")
        if status != 200 or not wanted or not s3._qp(query_params or {}, "versionId", ""):
            return status, answer_headers, body
        size = len(body)
        found = s3._parse_range(wanted, size)
        if found is None:
            content_range = {"Content-Range": f"bytes */{size}", "Content-Type": "application/xml"}
            return 416, content_range, s3._xml_body(s3._range_error_xml(bucket, key))
        start, end = found
        part = body[start : end + 1]
        # The checksum of the whole object does not fit a part.
        kept = {name: value for name, value in answer_headers.items() if not name.lower().startswith("x-amz-checksum")}
        content_range = {"Content-Length": str(len(part)), "Content-Range": f"bytes {start}-{end}/{size}"}
        return 206, {**kept, **content_range}, part

    s3._get_object = get_range
