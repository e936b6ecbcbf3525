"""Which Apprise services may be used.

Read from Apprise 2.3.0. A service stands in GUARDED after reading its code: it talks through requests and nothing else,
so every connection passes the guard. A test fails when a new Apprise brings a service that stands in neither list.
"""

from django.utils.translation import gettext_lazy as _

_GUARDED = """
    46elks acs apprise apprises atalk awswhatsapp azure bale bark barks betterstack bluesky brevo bsky bulksms bulkvs
    burstsms chanify clickatell clicksend cliq cm d7sms dapnet dingtalk discord dot eight00com elks emby embys enigma2
    enigma2s evolution evolutions exotel fcm feishu firehydrant flock flowtriq flowtriqs fluxer fluxers form forms
    freemobile gchat github goalert goalerts gorush gorushs gotify gotifys groundmail groupme guilded gupshup hassio
    hassios httpsms humhub humhubs ifttt ilert incidentio infobip instagram jellyfin jellyfins jira join json jsons
    kakao kakaotalk kaleyra kavenegar klr kodi kodis kook kudosity kumulos lametric lametrics lark lauther lfg line
    mailersend mailgun mastodon mastodons matrix matrixs misskey misskeys mmost mmosts mobilemessage mobilemsg msg91
    msgbird ncloud nclouds nctalk nctalks nexmo notica noticas notifiarr notifico notificos notifyapp notifyre ntfy
    ntfys o365 octopush onebot onebots onesignal opsgenie opsimate opsimates pagerduty pagertree parsep parseps pbul
    pinglet pinglets pingram pjet pjets plivo postmark pover prowl psafer psafers push pushdeer pushdeers pushed
    pushme pushplus pushward pushy qq reddit resend revolt ringc rocket rockets ryver schan sendgrid sendpulse
    serwersms ses session sessions seven sfr signal signalgrid signals signl4 simplepush sinch slack smsc smseagle
    smseagles smsmanager smsmgr smstunnel smtp2go sns sogs sparkpost spike splunk spugpush spush squadcast stackfield
    strmlabs synology synologys telesign telnyx tgram threema toot toots trigv trigvs tweet twilio twist twitter viber
    victorops voipms vonage webex wechat wecom wecombot whapi whatsapp workflow workflows wpush wxpusher wxteams x
    xbmc xbmcs xmatters xml xmls youlmk zalo zcliq zohocliq zoom zulip
"""
GUARDED = frozenset(_GUARDED.split())

_MAIL = _("E-mail is sent by Steward itself: use a channel of the kind e-mail.")
_SOCKET = _("It opens its own network connections, past the check that keeps calls away from internal addresses.")
_LOCAL = _("It shows the message on the machine Steward runs on, where nobody is looking.")
_FILES = _("It reads and writes files on the machine Steward runs on.")

# schema: why not
REFUSED = {
    **dict.fromkeys(("mailto", "mailtos"), _MAIL),
    **dict.fromkeys(
        (
            "amqp",
            "amqps",
            "aprs",
            "irc",
            "ircs",
            "growl",
            "mqtt",
            "mqtts",
            "nostr",
            "rsyslog",
            "smpp",
            "smpps",
            "xmpp",
            "xmpps",
            "deltachat",
            "deltachats",
        ),
        _SOCKET,
    ),
    **dict.fromkeys(("blink1", "dbus", "kde", "qt", "gio", "glib", "gnome", "macosx", "syslog", "windows"), _LOCAL),
    **dict.fromkeys(("vapid",), _FILES),
}
