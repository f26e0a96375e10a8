"""个人信息: what is known of a resident comes out on request, and goes on request or with time.

Counts stay: of a case everything stays but who said it and what in its words tells who that is.
"""
