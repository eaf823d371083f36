"""Uploads files with tweepy as an app of version 1.1 does, and prints what it was
told as one line of JSON.

    python3 v1.py HOST:PORT '{"bearer": …}' FILE…

Credentials are {"bearer": token} or {"consumer": [key, secret], "token": [token,
secret]}. Which certificate to trust is in REQUESTS_CA_BUNDLE.
"""

import json
import sys

import tweepy

host, credentials, *files = sys.argv[1:]
credentials = json.loads(credentials)
if "bearer" in credentials:
    auth = tweepy.OAuth2BearerHandler(credentials["bearer"])
else:
    auth = tweepy.OAuth1UserHandler(*credentials["consumer"], *credentials["token"])
api = tweepy.API(auth, host=host, upload_host=host)


def told(media):
    """What the answer has, as tweepy keeps it."""
    return {name: value for name, value in vars(media).items() if not name.startswith("_")}


uploads = []
for name in files:
    try:
        category = {"mp4": "tweet_video", "gif": "tweet_gif"}.get(name[-3:], "tweet_image")
        one = {"name": name}
        if category == "tweet_image":
            one["simple"] = told(api.media_upload(name, additional_owners=[12, 99]))
        one["chunked"] = told(api.media_upload(name, chunked=True, chunk_size=100_000, media_category=category, additional_owners=["12", "99"]))
        media_id = one["chunked"]["media_id"]
        api.create_media_metadata(media_id, "a file of " + category)
        one["status"] = told(api.get_media_upload_status(media_id))
        uploads.append(one)
    except tweepy.HTTPException as e:
        uploads.append({"name": name, "error": type(e).__name__, "status": e.response.status_code, "codes": e.api_codes, "messages": e.api_messages})
print(json.dumps(uploads))
